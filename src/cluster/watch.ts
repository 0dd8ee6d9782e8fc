/** Keeps one collection of objects in view: watches it, resumes where it broke off, starts over when it must. */
import { type Clock, sleep } from '../clock.ts';
import { ApiError } from '../domain/api-error.ts';
import { errorOfFailure } from './api-errors.ts';
import type { Connection } from './connection.ts';
import { fieldsOf, optionalText, textsOf } from './fields.ts';
import { listPages } from './list-pages.ts';
import { readWatchStream, type StreamEnd, type WatchEvent } from './watch-stream.ts';

/** Where the objects go. Objects are raw; keep what is needed of them and no more. */
export interface WatchSink {
  /** A full picture begins: what is not added before `onSynced` is gone. */
  onReset(): void;
  onObject(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: unknown): void;
  onSynced(): void;
}

export type WatchStatus =
  | 'starting'
  /** The stream is open and the picture complete. */
  | 'live'
  /** Watching is not allowed but listing is: the picture is a few seconds old. */
  | 'polling'
  | 'down'
  | 'forbidden';

export interface Watch {
  readonly status: WatchStatus;
  /** The picture is complete, and at most a few seconds old. */
  readonly current: boolean;
  /** Ends a wait before the next try. */
  retryNow(): void;
  /** Resolves when nothing of it is left running; twice is fine. */
  stop(): Promise<void>;
}

export interface WatchOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** E.g. `/apis/apps/v1/deployments`. */
  readonly collection: string;
  readonly sink: WatchSink;
  /** Shared by all watches of a server: what one has learned of it. */
  readonly server: ServerTraits;
  /** Lists every few seconds where only `list` is allowed. */
  readonly pollWhenUnwatchable?: boolean;
  readonly onStatus?: (status: WatchStatus) => void;
}

/** What the server turned out to do. */
export interface ServerTraits {
  /** Sends the initial list within the watch (`sendInitialEvents`, Kubernetes 1.32); false once it did not. */
  streamsLists: boolean;
}

const IDLE_MS = 90_000;
/** Until the initial list is complete there is always something to send. */
const IDLE_WHILE_LISTING_MS = 10_000;
const POLL_MS = 5_000;
const FORBIDDEN_RETRY_MS = 5 * 60_000;
/** A stream that lived this long counts as a success. */
const SETTLED_MS = 10_000;
const CURRENT_FOR_MS = 5_000;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** Where streams open but do not last, each brings something: wait less. */
const MAX_WAIT_WHEN_OPENED_MS = 2_000;

export function startWatch(options: WatchOptions): Watch {
  const { connection, clock, collection, sink, server } = options;
  const stopping = new AbortController();
  let status: WatchStatus = 'starting';
  let waking = new AbortController();
  /** Where to resume; undefined: start over. */
  let cursor: string | undefined;
  let failures = 0;
  let liveUntil = Number.NEGATIVE_INFINITY;
  let unwatchableUntil = Number.NEGATIVE_INFINITY;

  function become(next: WatchStatus): void {
    if (status === next) return;
    if (status === 'live' || status === 'polling') liveUntil = clock.monotonic();
    status = next;
    options.onStatus?.(next);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const waitMs = await round();
      if (stopping.signal.aborted) return;
      waking = new AbortController();
      // Waking early is the only way this sleep rejects.
      await sleep(clock, waitMs, waking.signal).catch(() => {});
    }
  }

  /** One connection; returns how long to wait before the next, ms. */
  async function round(): Promise<number> {
    if (clock.monotonic() < unwatchableUntil) return withoutWatching();
    const listsFirst = cursor === undefined && !server.streamsLists;
    const failed = listsFirst ? await list() : undefined;
    if (failed !== undefined) return afterFailure(failed, false);
    let openedAt: number | undefined;
    const isStreamedList = cursor === undefined;
    if (isStreamedList) sink.onReset();
    const end = await readWatchStream({
      connection,
      clock,
      path: watchPath(collection, cursor),
      signal: stopping.signal,
      idleMs: () => (cursor === undefined ? IDLE_WHILE_LISTING_MS : IDLE_MS),
      onOpen: () => {
        openedAt = clock.monotonic();
        if (cursor !== undefined) become('live');
      },
      onEvent,
    });
    const livedMs = openedAt === undefined ? undefined : clock.monotonic() - openedAt;
    return afterStream(end, livedMs, isStreamedList);
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
    const endsList = textsOf(metadata.annotations)['k8s.io/initial-events-end'] === 'true';
    if (cursor === undefined && !endsList) throw new ApiError('invalid', `${collection}: no streamed list`, {});
    const completes = cursor === undefined;
    cursor = version ?? cursor;
    if (!completes) return;
    sink.onSynced();
    become('live');
  }

  /** The whole collection; the watch goes on from its version. */
  async function list(): Promise<ApiError | undefined> {
    try {
      sink.onReset();
      cursor = await listPages(connection, collection, (item) => sink.onObject('ADDED', item), stopping.signal);
      sink.onSynced();
      return undefined;
    } catch (error) {
      return errorOfFailure(`list ${collection}`, error);
    }
  }

  function afterStream(
    end: StreamEnd,
    livedMs: number | undefined,
    wasStreamedList: boolean,
  ): Promise<number> | number {
    const stillListing = wasStreamedList && cursor === undefined;
    switch (end.kind) {
      case 'stopped':
        return 0;
      case 'silent':
      case 'ended':
        if (stillListing && livedMs !== undefined && end.kind === 'silent') return listInstead();
        return backoff(livedMs);
      case 'failed':
        if (stillListing && (end.error.kind === 'invalid' || end.error.kind === 'conflict')) return listInstead();
        return afterFailure(end.error, livedMs !== undefined, livedMs);
      default:
        return end satisfies never;
    }
  }

  function listInstead(): number {
    server.streamsLists = false;
    return 0;
  }

  function afterFailure(error: ApiError, opened: boolean, livedMs?: number): Promise<number> | number {
    if (error.kind === 'forbidden') return whenForbidden();
    // Too old, or a stream that cannot be trusted: what came since the last event may be missing.
    if (error.kind === 'gone' || error.kind === 'nonsense' || error.kind === 'invalid') cursor = undefined;
    return Math.max(backoff(opened ? livedMs : undefined), error.retryAfterMs ?? 0);
  }

  function whenForbidden(): Promise<number> | number {
    unwatchableUntil = clock.monotonic() + FORBIDDEN_RETRY_MS;
    return withoutWatching();
  }

  function withoutWatching(): Promise<number> | number {
    return options.pollWhenUnwatchable === true ? poll() : forbidden();
  }

  async function poll(): Promise<number> {
    const error = await list();
    // Watching starts over when it is tried again.
    cursor = undefined;
    if (error?.kind === 'forbidden') return forbidden();
    if (error !== undefined) return backoff(undefined);
    become('polling');
    return POLL_MS;
  }

  function forbidden(): number {
    become('forbidden');
    cursor = undefined;
    return Math.max(0, unwatchableUntil - clock.monotonic());
  }

  function backoff(livedMs: number | undefined): number {
    become('down');
    failures = livedMs !== undefined && livedMs >= SETTLED_MS ? 0 : failures + 1;
    if (failures === 0) return 0;
    const cap = livedMs === undefined ? MAX_WAIT_MS : MAX_WAIT_WHEN_OPENED_MS;
    return Math.min(cap, FIRST_WAIT_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  }

  const running = run();
  return {
    get status() {
      return status;
    },
    get current() {
      if (status === 'live' || status === 'polling') return true;
      return status === 'down' && clock.monotonic() - liveUntil < CURRENT_FOR_MS;
    },
    retryNow: () => waking.abort(),
    async stop() {
      stopping.abort();
      waking.abort();
      await running;
    },
  };
}

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
