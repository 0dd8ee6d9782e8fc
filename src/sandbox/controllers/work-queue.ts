/** Keyed work: adding a key twice does it once; a key whose work fails comes back after growing delays. */
import { ApiStatus } from '../api-status.ts';
import type { Clock } from './clock.ts';

export interface WorkQueue {
  add(key: string): void;
  /** Once more after `ms`; a sooner wish for the same key wins. */
  addAfter(key: string, ms: number): void;
  /** Drops a planned `addAfter`. */
  forget(key: string): void;
  /** Keys are kept and worked on after `resume`. */
  pause(): void;
  resume(): void;
  /** Forgets every key and leaves no timer. */
  stop(): void;
}

/** So many keys, then others get a turn. */
const SLICE = 200;
const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 30_000;

/**
 * `sync` is called outside of any write to the store, one key at a time. When it throws what the API server answered
 * (a quota, a terminating namespace), the key is tried again after 100 ms, 200 ms … 30 s; any other error is a mistake
 * and is thrown on.
 */
export function createWorkQueue(clock: Clock, sync: (key: string) => void): WorkQueue {
  const waiting = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  let cancelTurn: (() => void) | undefined;
  let paused = false;
  let stopped = false;

  function schedule(): void {
    if (paused || stopped || cancelTurn !== undefined || waiting.size === 0) return;
    cancelTurn = clock.after(0, turn);
  }

  function turn(): void {
    // Keys that this work adds wait for the next turn: in between, clients see the state half way.
    const keys = [...waiting].slice(0, SLICE);
    try {
      for (const key of keys) {
        waiting.delete(key);
        work(key);
      }
    } finally {
      cancelTurn = undefined;
      schedule();
    }
  }

  function work(key: string): void {
    try {
      sync(key);
      failures.delete(key);
    } catch (error) {
      if (!(error instanceof ApiStatus)) throw error;
      const failed = failures.get(key) ?? 0;
      failures.set(key, failed + 1);
      addAfter(key, Math.min(RETRY_FIRST_MS * 2 ** failed, RETRY_MOST_MS));
    }
  }

  function add(key: string): void {
    if (stopped) return;
    waiting.add(key);
    schedule();
  }

  function addAfter(key: string, ms: number): void {
    if (stopped) return;
    const dueMs = clock.now() + ms;
    const planned = timers.get(key);
    if (planned !== undefined && planned.dueMs <= dueMs) return;
    planned?.cancel();
    const cancel = clock.after(ms, () => {
      timers.delete(key);
      add(key);
    });
    timers.set(key, { dueMs, cancel });
  }

  return {
    add,
    addAfter,
    forget(key) {
      timers.get(key)?.cancel();
      timers.delete(key);
    },
    pause() {
      paused = true;
      cancelTurn?.();
      cancelTurn = undefined;
    },
    resume() {
      paused = false;
      schedule();
    },
    stop() {
      stopped = true;
      cancelTurn?.();
      for (const { cancel } of timers.values()) cancel();
      timers.clear();
      waiting.clear();
      failures.clear();
    },
  };
}
