/** The work queue: keys, never orders; coalesced before a slot is taken. */
import PQueue from 'p-queue';
import type { Clock } from '../clock.ts';
import type { TargetKey } from '../domain/target.ts';
import { backoffMs } from './backoff.ts';
import { createKeyedMutex } from './keyed-mutex.ts';

/** What a pass says about its next one; with neither field there is one only when something hints so. */
export interface PassResult {
  /** Look again after this many ms; a hint comes first. */
  readonly lookAgainInMs?: number;
  /** The pass met a passing fault: come back with growing delays, and not before `lookAgainInMs`, hint or no hint. */
  readonly failed?: boolean;
}

export interface WorkQueue {
  /**
   * Asks for a pass now. Waiting already: nothing. Running: once more afterwards, at once or, if the pass fails, after
   * the first backoff. Goes before any plan, but not before the time a server has asked for.
   */
  add(key: TargetKey): void;
  /** Asks for a pass after `ms`, unless an earlier one is already planned. */
  addAfter(key: TargetKey, ms: number): void;
  /** Passes waiting for a slot. */
  readonly depth: number;
  readonly running: number;
  /** Refuses new keys, forgets waiting and planned ones, resolves when running passes have ended. Idempotent. */
  close(): Promise<void>;
}

interface Options {
  /** Passes at once. */
  readonly concurrency: number;
  /** One pass. A rejection is handed to `onError`, and the key comes back after a backoff. */
  readonly run: (key: TargetKey) => Promise<PassResult>;
  readonly clock: Clock;
  readonly onError: (key: TargetKey, error: unknown) => void;
  readonly random?: () => number;
}

interface Entry {
  state: 'planned' | 'waiting' | 'running';
  /** A hint came while the pass ran. */
  again: boolean;
  failures: number;
  /** Until then, by the monotonic clock, the server has asked to be left alone. */
  notBefore: number;
  plan?: { readonly dueAt: number; readonly cancel: () => void };
}

export function createWorkQueue({ concurrency, run, clock, onError, random = Math.random }: Options): WorkQueue {
  // p-queue's own timeout would free the slot while the pass goes on, and its interval follows the wall clock: neither
  // is used. Its `add` promise is never rejected because `pass` never is.
  const slots = new PQueue({ concurrency });
  const mutex = createKeyedMutex<TargetKey>();
  const entries = new Map<TargetKey, Entry>();
  let closed = false;

  function add(key: TargetKey): void {
    if (closed) return;
    const entry = entryOf(key);
    const waitMs = entry.notBefore - clock.monotonic();
    if (waitMs > 0) {
      addAfter(key, waitMs);
      return;
    }
    unplan(entry);
    if (entry.state === 'waiting') return;
    if (entry.state === 'running') {
      entry.again = true;
      return;
    }
    entry.state = 'waiting';
    void slots.add(() => pass(key, entry));
  }

  function addAfter(key: TargetKey, ms: number): void {
    if (closed) return;
    const entry = entryOf(key);
    const dueAt = clock.monotonic() + ms;
    if (entry.state === 'waiting' || (entry.plan !== undefined && entry.plan.dueAt <= dueAt)) return;
    unplan(entry);
    const onDue = () => {
      delete entry.plan;
      add(key);
    };
    entry.plan = { dueAt, cancel: clock.after(ms, onDue) };
  }

  function entryOf(key: TargetKey): Entry {
    const known = entries.get(key);
    if (known !== undefined) return known;
    const entry: Entry = { state: 'planned', again: false, failures: 0, notBefore: 0 };
    entries.set(key, entry);
    return entry;
  }

  async function pass(key: TargetKey, entry: Entry): Promise<void> {
    if (closed) return;
    entry.state = 'running';
    const result = await mutex
      .runExclusive(key, () => run(key))
      .catch((error: unknown): PassResult => {
        onError(key, error);
        return { failed: true };
      });
    entry.state = 'planned';
    entry.failures = result.failed === true ? entry.failures + 1 : 0;
    if (closed) return;
    planNext(key, entry, result);
    // Forgotten when nothing is planned, so that the map holds only live keys.
    if (entry.state === 'planned' && entry.plan === undefined) entries.delete(key);
  }

  function planNext(key: TargetKey, entry: Entry, result: PassResult): void {
    const again = entry.again;
    entry.again = false;
    entry.notBefore = result.failed === true ? clock.monotonic() + (result.lookAgainInMs ?? 0) : 0;
    if (result.failed === true) {
      // What a hint speaks of may have come too late for this pass, and is not made to wait out a grown delay. It waits
      // for the first one, though: a pass that fails and is hinted at each time must not run without pause.
      const delayMs = backoffMs(again ? 1 : entry.failures, random());
      addAfter(key, Math.max(delayMs, result.lookAgainInMs ?? 0));
    } else if (again) {
      add(key);
    } else if (result.lookAgainInMs !== undefined) {
      addAfter(key, result.lookAgainInMs);
    }
  }

  return {
    add,
    addAfter,
    get depth() {
      return slots.size;
    },
    get running() {
      return slots.pending;
    },
    async close() {
      closed = true;
      for (const entry of entries.values()) unplan(entry);
      await slots.onIdle();
      entries.clear();
    },
  };
}

function unplan(entry: Entry): void {
  entry.plan?.cancel();
  delete entry.plan;
}
