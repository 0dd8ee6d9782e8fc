/** Messages on their way: in order, one at a time, kept on disk until delivered, each id at most once. */
import type { Clock } from '../clock.ts';
import { createBell } from './bell.ts';
import type { OutboxEntry } from './outbox-entry.ts';
import { createOutboxFiles, type OutboxDisk } from './outbox-files.ts';
import { createOutboxQueue, type First } from './outbox-queue.ts';
import { createPace } from './pace.ts';

export type SendResult =
  | { readonly kind: 'delivered' }
  /** Try again: after `afterMs` when the receiver said so, else after a growing while. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** The receiver will never take it. */
  | { readonly kind: 'dead'; readonly reason: string };

export interface OutboxProblem {
  /**
   * `delayed`: not delivered for now, told once per reason; `resumed` ends it. `dead-letter`, `overflow`: set aside
   * undelivered. `not-saved`: in memory only. `lost`: nobody will be told. `files`: trouble with the folder.
   */
  readonly kind: 'delayed' | 'resumed' | 'dead-letter' | 'overflow' | 'not-saved' | 'lost' | 'files';
  /** One line without secrets. */
  readonly message: string;
}

export interface Outbox {
  /** Loads what is on disk and begins to send. */
  start(): Promise<void>;
  /** Durable when it resolves, or told as `not-saved`. An id that was put before, also before a restart, is ignored. */
  put(id: string, payload: unknown): Promise<void>;
  /** Sends what it can within the grace; the rest stays on disk. Twice is fine. */
  stop(graceMs: number): Promise<void>;
  /** Entries not yet delivered. */
  readonly depth: number;
}

export interface OutboxOptions extends OutboxDisk {
  /** Must not reject, and must give up when the signal is aborted. */
  readonly send: (entry: OutboxEntry, signal: AbortSignal) => Promise<SendResult>;
  readonly clock: Clock;
  readonly onProblem: (problem: OutboxProblem) => void;
}

// Slack allows each hook one message a second, and short bursts above it.
const INTERVAL_MS = 1000;
const BURST = 3;
const FIRST_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
const MAX_RETRY_AFTER_MS = 300_000;
/** How soon the folder, or an entry, that could not be read is tried again. */
const READ_AGAIN_MS = 1000;

/** Entries wait in files; one loop sends them, oldest first, and tries each for as long as it takes. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { clock, onProblem } = options;
  const files = createOutboxFiles(options, (message) => onProblem({ kind: 'files', message }));
  const queue = createOutboxQueue(files, onProblem);
  const pace = createPace(clock, INTERVAL_MS, BURST);
  const bell = createBell(clock);
  const ending = new AbortController();
  let sending: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  /** Monotonic ms; undefined until `stop`. */
  let graceEndsAt: number | undefined;
  let failures = 0;
  let toldReason: string | undefined;

  async function sendAll(): Promise<void> {
    let goesOn = true;
    while (goesOn) goesOn = await handle(await queue.first());
  }

  /** False when the outbox stops meanwhile. */
  async function handle(first: First): Promise<boolean> {
    switch (first.kind) {
      case 'none':
      case 'unknown':
        if (graceEndsAt !== undefined) return false;
        await bell.wait(first.kind === 'unknown' ? READ_AGAIN_MS : undefined);
        return true;
      case 'entry': {
        if (!(await pause(pace.waitMs))) return false;
        pace.take();
        return takeResult(first.entry, await options.send(first.entry, ending.signal));
      }
      default:
        return first satisfies never;
    }
  }

  /** Waits; false when the outbox stops before the time is over. */
  async function pause(ms: number): Promise<boolean> {
    const until = clock.monotonic() + ms;
    for (;;) {
      const now = clock.monotonic();
      if (graceEndsAt !== undefined && Math.max(until, now) >= graceEndsAt) return false;
      if (now >= until) return true;
      await bell.wait(until - now);
    }
  }

  /** Does what the result asks for; false when the outbox stops meanwhile. */
  async function takeResult(entry: OutboxEntry, result: SendResult): Promise<boolean> {
    switch (result.kind) {
      case 'delivered':
        resume();
        await queue.finish(entry.id);
        return true;
      case 'dead':
        resume();
        onProblem({
          kind: 'dead-letter',
          message: `message ${entry.id} is set aside undelivered, in dead/ of the outbox: ${result.reason}`,
        });
        await queue.bury(entry.id);
        return true;
      case 'retry':
        // Cut off by ourselves.
        if (ending.signal.aborted) return false;
        delay(result.reason);
        return pause(retryDelay(result.afterMs, failures));
      default:
        return result satisfies never;
    }
  }

  function resume(): void {
    failures = 0;
    if (toldReason !== undefined) onProblem({ kind: 'resumed', message: 'messages are accepted again' });
    toldReason = undefined;
  }

  function delay(reason: string): void {
    failures += 1;
    if (toldReason !== reason) onProblem({ kind: 'delayed', message: `messages wait: ${reason}` });
    toldReason = reason;
  }

  async function end(graceMs: number): Promise<void> {
    graceEndsAt = clock.monotonic() + graceMs;
    const cancel = clock.after(graceMs, () => ending.abort());
    // The clock's timers let the process end; this one keeps it until the grace was used.
    const hold = setInterval(() => undefined, 60_000);
    bell.ring();
    await sending;
    await queue.flush();
    clearInterval(hold);
    cancel();
  }

  return {
    async start() {
      await queue.load();
      if (stopped === undefined) sending ??= sendAll();
    },
    async put(id, payload) {
      if (await queue.add({ id, payload })) bell.ring();
    },
    stop(graceMs) {
      stopped ??= end(graceMs);
      return stopped;
    },
    get depth() {
      return queue.depth;
    },
  };
}

/** What the receiver asked for, within reason, else doubling with jitter, so that many senders do not come at once. */
function retryDelay(afterMs: number | undefined, failures: number): number {
  if (afterMs !== undefined) return Math.min(afterMs, MAX_RETRY_AFTER_MS);
  const full = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
  return full * (0.5 + Math.random() / 2);
}
