/** Events of the directory, as hints: they make the engine quick, and nothing depends on any of them. */
import { basename } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { type Clock, sleep } from '../clock.ts';
import { errnoOf } from '../domain/errno.ts';
import { keyOfFileName, type TargetKey } from '../domain/target.ts';
import type { Arrivals } from './arrivals.ts';

export interface Watcher {
  /** Watches whatever is at the path now, in place of what was watched before. Resolves when events come, or cannot. */
  arm(): Promise<void>;
  /** Stops watching, e.g. because there is no directory; `arm` starts again. */
  disarm(): Promise<void>;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 20_000;
/** chokidar has never been seen to withhold `ready`; should it, the rescan does not wait for it. */
const READY_WITHIN_MS = 5_000;
/** More events than this in a second, and the kernel may drop some: its queue holds 16,384, and it does not say so. */
const FLOOD_PER_SECOND = 1_000;

export function createWatcher(options: {
  readonly dir: string;
  readonly clock: Clock;
  readonly arrivals: Arrivals;
  readonly onHint: (key: TargetKey) => void;
  /** The directory as a whole should be looked at: it may be another one, or events may have been lost. */
  readonly onDoubt: () => void;
  /** Undefined when events come. */
  readonly onProblem: (problem: string | undefined) => void;
}): Watcher {
  const { dir, clock, arrivals, onDoubt, onProblem } = options;
  const hints = createHintBatch(options.onHint);
  const flood = createFloodGauge(clock);
  let current: FSWatcher | undefined;
  let cancelRetry = () => {};
  let retryMs = RETRY_FIRST_MS;
  let turn = Promise.resolve();

  function onRaw(event: string, name: unknown): void {
    const key = typeof name === 'string' ? keyOfFileName(name) : undefined;
    if (key !== undefined) {
      hints.add(key);
      arrivals.note(event, key);
    }
    const isFlood = flood.count();
    if (isFlood) arrivals.clear();
    // `..data` of a mounted ConfigMap was exchanged, or the directory itself was moved or removed.
    const isOfTheWhole = typeof name !== 'string' || name.startsWith('..') || name === basename(dir);
    if (isFlood || isOfTheWhole) onDoubt();
  }

  async function disarm(): Promise<void> {
    cancelRetry();
    arrivals.clear();
    const closing = current;
    current = undefined;
    await closing?.close();
  }

  async function arm(): Promise<void> {
    // Closed first: chokidar would share the handle, which may be of a directory that is no longer at this path.
    await disarm();
    const watcher = watchDirectory(dir);
    current = watcher;
    let isBroken = false;
    watcher.on('raw', onRaw);
    watcher.on('error', (error) => {
      if (current !== watcher || isBroken) return;
      isBroken = true;
      onProblem(describe(error));
      cancelRetry = clock.after(retryMs, () => void inTurn(arm));
      retryMs = Math.min(retryMs * 2, RETRY_LONGEST_MS);
    });
    await ready(watcher, clock);
    // chokidar says `ready` also after an error.
    if (isBroken) return;
    retryMs = RETRY_FIRST_MS;
    onProblem(undefined);
    // What changed before the watch was in place has told nobody.
    onDoubt();
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    turn = turn.then(work).catch((error: unknown) => onProblem(describe(error)));
    return turn;
  }

  return { arm: () => inTurn(arm), disarm: () => inTurn(disarm) };
}

/**
 * Every file is ignored, so chokidar does no work per file: its own file events come through a limit of one per 50 ms
 * and file, and a flood of them costs it twice the time and memory. `raw` tells every name at once.
 */
function watchDirectory(dir: string): FSWatcher {
  const isFile = (path: string) => path !== dir;
  return watch(dir, { depth: 0, ignoreInitial: true, atomic: false, ignored: isFile });
}

async function ready(watcher: FSWatcher, clock: Clock): Promise<void> {
  const timeout = new AbortController();
  const told = new Promise<void>((resolve) => watcher.once('ready', resolve));
  await Promise.race([told, sleep(clock, READY_WITHIN_MS, timeout.signal).catch(() => {})]);
  timeout.abort();
}

function describe(error: unknown): string {
  const code = errnoOf(error);
  const carriesOn = 'changes are found by the rescan alone';
  if (code === 'ENOSPC') return `no inotify watch left (raise fs.inotify.max_user_watches); ${carriesOn}`;
  if (code === 'EMFILE') {
    return `no inotify instance or file descriptor left (raise fs.inotify.max_user_instances or the limit of open files); ${carriesOn}`;
  }
  return `the directory cannot be watched (${error instanceof Error ? error.message : String(error)}); ${carriesOn}`;
}

/** One hint per key for all events that arrive together: a plain save makes two or three. */
function createHintBatch(onHint: (key: TargetKey) => void) {
  const keys = new Set<TargetKey>();
  return {
    add(key: TargetKey): void {
      if (keys.size === 0) setImmediate(flush);
      keys.add(key);
    },
  };

  function flush(): void {
    const batch = [...keys];
    keys.clear();
    for (const key of batch) onHint(key);
  }
}

/** Counts an event and tells whether it is part of a flood: in this second, or going on from the second before. */
function createFloodGauge(clock: Clock) {
  let sinceMs = Number.NEGATIVE_INFINITY;
  let events = 0;
  let wasFlood = false;
  return {
    count(): boolean {
      const forMs = clock.monotonic() - sinceMs;
      if (forMs >= 1_000) {
        wasFlood = forMs < 2_000 && events > FLOOD_PER_SECOND;
        sinceMs = clock.monotonic();
        events = 0;
      }
      events += 1;
      return wasFlood || events > FLOOD_PER_SECOND;
    },
  };
}
