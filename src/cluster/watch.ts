/** Keeps one collection of objects in view: follows it, resumes where it broke off, starts over when it must. */
import { type Clock, sleep } from '../clock.ts';
import type { ApiError } from '../domain/api-error.ts';
import { createCollectionFeed, type FeedEnd, type ServerTraits, type WatchSink } from './collection-feed.ts';
import type { Connection } from './connection.ts';

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
  readonly server: ServerTraits;
  /** Lists every few seconds where only `list` is allowed. */
  readonly pollWhenUnwatchable?: boolean;
  /** How soon it is asked again for what was forbidden, ms; 5 min unless told. */
  readonly retryForbiddenMs?: number;
  readonly onStatus?: (status: WatchStatus) => void;
  /** A mistake of ours, e.g. in the sink. The watch starts over. */
  readonly onError: (error: unknown) => void;
}

const POLL_MS = 5_000;
const FORBIDDEN_RETRY_MS = 5 * 60_000;
/** How long a picture passes for current while the watch reconnects. */
const CURRENT_FOR_MS = 5_000;

/** Begins at once. */
export function startWatch(options: WatchOptions): Watch {
  const { clock, retryForbiddenMs = FORBIDDEN_RETRY_MS } = options;
  const stopping = new AbortController();
  const feed = createCollectionFeed({ ...options, signal: stopping.signal, onLive: () => become('live') });
  const backoff = createBackoff();
  let status: WatchStatus = 'starting';
  let currentUntil = Number.NEGATIVE_INFINITY;
  let unwatchableUntil = Number.NEGATIVE_INFINITY;
  let waking = new AbortController();

  function become(next: WatchStatus): void {
    if (status === next) return;
    if (status === 'live' || status === 'polling') currentUntil = clock.monotonic() + CURRENT_FOR_MS;
    status = next;
    options.onStatus?.(next);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const waitMs = await tryOnce();
      if (stopping.signal.aborted) return;
      waking = new AbortController();
      // Being woken early is the only way this sleep rejects.
      await sleep(clock, waitMs, waking.signal).catch(() => {});
    }
  }

  /** How long to wait before the next try, ms. */
  async function tryOnce(): Promise<number> {
    try {
      const isWatchable = clock.monotonic() >= unwatchableUntil;
      return isWatchable ? await afterFollowing(await feed.follow()) : await withoutWatching();
    } catch (error) {
      options.onError(error);
      become('down');
      feed.startOver();
      return backoff.next(undefined);
    }
  }

  async function afterFollowing(end: FeedEnd): Promise<number> {
    switch (end.kind) {
      case 'stopped':
      case 'list-instead':
        return 0;
      case 'silent':
        // A server has nothing to say about a version that is still to come, as after its data was restored from a backup.
        feed.startOver();
        become('down');
        return backoff.next(end.livedMs);
      case 'ended':
        become('down');
        return backoff.next(end.livedMs);
      case 'failed':
        return afterFailure(end.error, end.livedMs);
      default:
        return end satisfies never;
    }
  }

  async function afterFailure(error: ApiError, livedMs: number | undefined): Promise<number> {
    if (error.kind === 'forbidden') {
      unwatchableUntil = clock.monotonic() + retryForbiddenMs;
      return withoutWatching();
    }
    become('down');
    if (!isResumable(error, livedMs)) feed.startOver();
    if (livedMs === undefined && (error.kind === 'unreachable' || error.kind === 'server')) options.server.outages += 1;
    return Math.max(backoff.next(livedMs), error.retryAfterMs ?? 0);
  }

  async function withoutWatching(): Promise<number> {
    const error = options.pollWhenUnwatchable === true ? await feed.list() : undefined;
    feed.startOver();
    if (options.pollWhenUnwatchable !== true || error?.kind === 'forbidden') {
      become('forbidden');
      return Math.max(0, unwatchableUntil - clock.monotonic());
    }
    become(error === undefined ? 'polling' : 'down');
    return error === undefined ? POLL_MS : backoff.next(undefined);
  }

  const running = run();
  return {
    get status() {
      return status;
    },
    get current() {
      return status === 'live' || status === 'polling' || (status === 'down' && clock.monotonic() < currentUntil);
    },
    retryNow: () => waking.abort(),
    async stop() {
      stopping.abort();
      waking.abort();
      await running;
    },
  };
}

/**
 * Not where the version is too old or the stream cannot be trusted: what came since the last event may be missing. Nor
 * after an outage: a server whose data was restored from a backup counts its versions anew, takes ours for one that is
 * still to come, and is silent until then.
 */
function isResumable({ kind }: ApiError, livedMs: number | undefined): boolean {
  return kind === 'throttled' || (kind === 'unreachable' && livedMs !== undefined);
}

/** A stream that lived this long counts as a success. */
const LASTED_MS = 10_000;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** Where streams open but do not last, each brings something: wait less. */
const MAX_WAIT_WHEN_OPENED_MS = 2_000;

/** Events alone do not reset it: a server that sends one and breaks off would be asked in a loop. */
function createBackoff() {
  let failures = 0;
  return {
    /** @param livedMs how long the stream was open; undefined when it was not */
    next(livedMs: number | undefined): number {
      failures = livedMs !== undefined && livedMs >= LASTED_MS ? 0 : failures + 1;
      if (failures === 0) return 0;
      const mostMs = livedMs === undefined ? MAX_WAIT_MS : MAX_WAIT_WHEN_OPENED_MS;
      return Math.min(mostMs, FIRST_WAIT_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
    },
  };
}
