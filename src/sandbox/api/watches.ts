/** Watches: an initial state or a replay, then every change, bookmarks, and an orderly end. */
import type { ServerResponse } from 'node:http';
import { expired, unclassified } from '../api-status.ts';
import type { History, VersionedEvent } from '../history.ts';
import type { Store } from '../store.ts';
import { checkVersionOptions } from './options.ts';
import type { Representation } from './representation.ts';
import { type ApiRequest, flag } from './request.ts';
import { type Selection, selected, selectionOf, selects } from './selection.ts';

export interface Watches {
  /** Answers with a stream that this object owns until it ends. Throws ApiStatus before anything is sent. */
  open(request: ApiRequest, representation: Representation, response: ServerResponse): void;
  /** Cuts every open watch without a goodbye, as a restarting server or a proxy does. */
  cut(): void;
  /** How many are open. */
  count(): number;
  stop(): void;
}

export interface WatchesOptions {
  readonly store: Store;
  readonly history: History;
  readonly bookmarkEveryMs: number;
}

/** A watcher that does not read is cut here rather than buffered without bound. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
const LONGEST_SECONDS = 3600;

interface Stream {
  readonly response: ServerResponse;
  readonly representation: Representation;
  readonly selection: Selection;
  send(type: string, text: string): void;
  /** Sends what the change means to this selection, if anything. */
  change(event: VersionedEvent): void;
  bookmark(annotations?: Readonly<Record<string, string>>): void;
}

export function createWatches({ store, history, bookmarkEveryMs }: WatchesOptions): Watches {
  const open = new Set<Stream>();
  const bookmarked = new Set<Stream>();

  const timer = setInterval(() => {
    for (const stream of bookmarked) stream.bookmark();
  }, bookmarkEveryMs);
  timer.unref();

  function start(request: ApiRequest, representation: Representation, response: ServerResponse): void {
    const { query, info } = request;
    checkVersionOptions(request);
    const selection = selectionOf(request);
    const stream = createStream(store, selection, representation, response);
    const replay = replayFor(query, selection.resource);
    response.writeHead(200, { 'content-type': representation.contentType, 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    if (replay === 'expired') {
      const asked = query.get('resourceVersion');
      const error = expired(`too old resource version: ${asked} (${store.version()})`);
      response.end(line('ERROR', JSON.stringify(error.body())));
      return;
    }
    if (replay === 'state') {
      for (const object of selected(store, selection, info.namespaced)) {
        stream.change({ type: 'ADDED', resource: selection.resource, object, version: store.version() });
      }
      if (flag(query, 'allowWatchBookmarks')) stream.bookmark({ 'k8s.io/initial-events-end': 'true' });
    } else {
      for (const event of replay) stream.change(event);
    }
    keepOpen(stream, query);
  }

  function keepOpen(stream: Stream, query: URLSearchParams): void {
    const { response, selection } = stream;
    const wantsBookmarks = flag(query, 'allowWatchBookmarks');
    // From a version of the future on, only what comes after it counts.
    const from = Number(query.get('resourceVersion') ?? 0);
    const unfollow = history.follow(selection.resource, (event) => {
      if (event.version > from) stream.change(event);
    });
    const seconds = Math.min(Number(query.get('timeoutSeconds')) || LONGEST_SECONDS, LONGEST_SECONDS);
    const deadline = setTimeout(() => response.end(), seconds * 1000);
    deadline.unref();
    open.add(stream);
    if (wantsBookmarks) bookmarked.add(stream);
    response.on('close', () => {
      clearTimeout(deadline);
      unfollow();
      open.delete(stream);
      bookmarked.delete(stream);
    });
  }

  /** What to send first: the present state, the changes since a version, or that it is too old. */
  function replayFor(query: URLSearchParams, resource: string): 'state' | 'expired' | readonly VersionedEvent[] {
    const asked = query.get('resourceVersion') ?? '';
    if (asked === '' || asked === '0' || flag(query, 'sendInitialEvents')) return 'state';
    const version = watchVersion(asked);
    return history.since(resource, version) ?? 'expired';
  }

  function cut(): void {
    for (const { response } of open) response.destroy();
  }

  return {
    open: start,
    cut,
    count: () => open.size,
    stop() {
      clearInterval(timer);
      cut();
    },
  };
}

/** Upstream finds the mistake too late to call it a bad request. */
function watchVersion(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw unclassified(`resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
}

function line(type: string, text: string): string {
  return `{"type":"${type}","object":${text}}\n`;
}

function createStream(
  store: Store,
  selection: Selection,
  representation: Representation,
  response: ServerResponse,
): Stream {
  let first = true;

  function send(type: string, text: string): void {
    if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
    else response.write(line(type, text));
  }

  function change({ type, object, old }: VersionedEvent): void {
    const before = type !== 'ADDED' && old !== undefined && selects(selection, old);
    const after = type !== 'DELETED' && selects(selection, object);
    if (!before && !after) return;
    // An object that leaves the selection is DELETED for this watcher, and one that enters it ADDED.
    send(after ? (before ? 'MODIFIED' : 'ADDED') : 'DELETED', representation.watched(object, first));
    first = false;
  }

  return {
    response,
    representation,
    selection,
    send,
    change,
    bookmark(annotations) {
      send('BOOKMARK', representation.bookmark(String(store.version()), first, annotations));
      first = false;
    },
  };
}
