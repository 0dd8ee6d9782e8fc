/** A time limit on one call, joined with the signals that may end it earlier. */
import type { Clock } from '../clock.ts';

export interface Deadline {
  /** The limit that counts now. */
  readonly ms: number;
  /** Gives the call this much from now on. */
  restart(ms: number): void;
  /** Aborted when the time is over or one of the signals is. */
  readonly signal: AbortSignal;
  /** The time is over: nobody else ended the call. */
  readonly passed: boolean;
  /** Lets go of the timer and the signals. */
  cancel(): void;
}

/** By hand rather than with `AbortSignal.any`: nothing of a finished call stays behind on a signal that lives for days. */
export function startDeadline(clock: Clock, firstMs: number, signals: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  let ms = firstMs;
  let passed = false;
  const abort = () => controller.abort();
  const start = () =>
    clock.after(ms, () => {
      passed = true;
      abort();
    });
  let cancelTimer = start();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return {
    get ms() {
      return ms;
    },
    restart(nextMs) {
      cancelTimer();
      ms = nextMs;
      cancelTimer = start();
    },
    signal: controller.signal,
    get passed() {
      return passed;
    },
    cancel() {
      cancelTimer();
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}
