/** The picture of one collection and the place to go on from: a full list first, changes from there. */
import type { Clock } from '../clock.ts';
import type { ApiError } from '../domain/api-error.ts';
import { errorOfFailure, errorOfNonsense } from './api-errors.ts';
import type { Connection } from './connection.ts';
import { fieldsOf, optionalText, textOf, textsOf } from './fields.ts';
import { listPages } from './list-pages.ts';
import { readWatchStream, type StreamEnd, type WatchEvent } from './watch-stream.ts';

/** Where the objects go. Objects are raw; keep what is needed of them and no more. */
export interface WatchSink {
  /** A full picture begins: what is not added before `onSynced` is gone. */
  onReset(): void;
  onObject(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: unknown): void;
  onSynced(): void;
}

/** What a server turned out to do, shared by all watches of it. */
export interface ServerTraits {
  /** Sends the initial list within the watch (`sendInitialEvents`, Kubernetes 1.32); false once it did not. */
  streamsLists: boolean;
  /** How often a watch found it away. */
  outages: number;
}

export interface CollectionFeedOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** E.g. `/apis/apps/v1/deployments`. */
  readonly collection: string;
  readonly sink: WatchSink;
  readonly server: ServerTraits;
  readonly signal: AbortSignal;
  /** The picture is complete and changes come as they happen. */
  readonly onLive: () => void;
}

/** How a stream ended. `livedMs` counts from the server's consent; undefined when it never came. */
export type FeedEnd =
  | (StreamEnd & { readonly livedMs: number | undefined })
  /** This server does not stream lists: go on at once, with a list. */
  | { readonly kind: 'list-instead' };

export interface CollectionFeed {
  /** Follows changes until the stream ends, after a full picture when there is none yet. Rejects with a sink's mistake. */
  follow(): Promise<FeedEnd>;
  /** Takes a full picture once. Returns what went wrong; rejects with a sink's mistake. */
  list(): Promise<ApiError | undefined>;
  /** Forgets the place to resume from. */
  startOver(): void;
}

const IDLE_MS = 90_000;
/** Until the initial list is complete there is always something to send. */
const IDLE_WHILE_LISTING_MS = 10_000;

export function createCollectionFeed(options: CollectionFeedOptions): CollectionFeed {
  const { connection, clock, collection, sink, server, signal } = options;
  /** Where to resume; undefined: start over. */
  let cursor: string | undefined;
  let knownOutages = server.outages;
  let sawOrdinaryBookmark = false;

  async function follow(): Promise<FeedEnd> {
    // Another watch has found it away since: our place may be one in data that is no longer there.
    if (knownOutages !== server.outages) cursor = undefined;
    knownOutages = server.outages;
    if (cursor !== undefined) {
      const error = await checkPlace(cursor);
      if (error !== undefined) return { kind: 'failed', error, livedMs: undefined };
    }
    if (cursor === undefined && !server.streamsLists) {
      const error = await list();
      if (error !== undefined) return { kind: 'failed', error, livedMs: undefined };
    }
    if (cursor === undefined) sink.onReset();
    sawOrdinaryBookmark = false;
    let openedAt: number | undefined;
    const end = await readWatchStream({
      connection,
      clock,
      path: watchPath(collection, cursor),
      signal,
      idleMs: () => (cursor === undefined ? IDLE_WHILE_LISTING_MS : IDLE_MS),
      onOpen: () => {
        openedAt = clock.monotonic();
        if (cursor !== undefined) options.onLive();
      },
      onEvent,
    });
    if (cursor === undefined && cannotStreamLists(end, openedAt !== undefined)) {
      server.streamsLists = false;
      return { kind: 'list-instead' };
    }
    return { ...end, livedMs: openedAt === undefined ? undefined : clock.monotonic() - openedAt };
  }

  /**
   * Starts over where the server's newest version is older than our place: its data was restored from a backup, and a
   * watch would be silent until it has caught up. Returns what went wrong.
   */
  async function checkPlace(place: string): Promise<ApiError | undefined> {
    try {
      const { metadata } = fieldsOf(await connection.getJson(`${collection}?limit=1`, signal));
      if (isOlder(textOf(fieldsOf(metadata).resourceVersion), place)) cursor = undefined;
      return undefined;
    } catch (error) {
      const failure = errorOfFailure(`list ${collection}`, error);
      // Watching may be allowed where listing is not.
      return failure.kind === 'forbidden' ? undefined : failure;
    }
  }

  /** Newer servers refuse the parameters when the feature is off; older ones ignore them and never end the list. */
  function cannotStreamLists(end: StreamEnd, wasOpened: boolean): boolean {
    if (end.kind === 'silent') return wasOpened;
    if (end.kind !== 'failed') return false;
    return sawOrdinaryBookmark || end.error.kind === 'invalid' || end.error.kind === 'conflict';
  }

  function onEvent({ type, object }: WatchEvent): void {
    const metadata = fieldsOf(object.metadata);
    const version = optionalText(metadata.resourceVersion);
    if (type !== 'BOOKMARK') {
      sink.onObject(type, object);
      // The initial objects come in no order of versions: none of them is a place to resume from.
      if (cursor !== undefined) cursor = version ?? cursor;
      return;
    }
    if (cursor !== undefined) {
      cursor = version ?? cursor;
      return;
    }
    sawOrdinaryBookmark = textsOf(metadata.annotations)['k8s.io/initial-events-end'] !== 'true';
    if (sawOrdinaryBookmark) throw errorOfNonsense(`watch ${collection}`, 'did not mark the end of the initial list');
    cursor = version;
    sink.onSynced();
    options.onLive();
  }

  async function list(): Promise<ApiError | undefined> {
    try {
      sink.onReset();
      cursor = await listPages(connection, collection, (item) => sink.onObject('ADDED', item), { signal });
      sink.onSynced();
      return undefined;
    } catch (error) {
      return errorOfFailure(`list ${collection}`, error);
    }
  }

  return {
    follow,
    list,
    startOver() {
      cursor = undefined;
    },
  };
}

/** Versions of one kind are numbers that grow; what is none is not compared. */
function isOlder(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}

/** The server ends the stream after some minutes; not all of them at the same time. */
function watchPath(collection: string, resumeAt: string | undefined): string {
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(240 + Math.floor(Math.random() * 240)),
    ...(resumeAt === undefined
      ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
      : { resourceVersion: resumeAt }),
  });
  return `${collection}?${query}`;
}
