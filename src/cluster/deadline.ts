/** A time limit on one call, joined with the signals that may end it earlier. */
import type { Clock } from '../clock.ts';

export interface Deadline {
  readonly ms: number;
  /** Aborted when the time is over or one of the signals is. */
  readonly signal: AbortSignal;
  /** The time is over: nobody else ended the call. */
  readonly passed: boolean;
  /** Lets go of the timer and the signals. */
  cancel(): void;
}

/** By hand rather than with `AbortSignal.any`: nothing of a finished call stays behind on a signal that lives for days. */
export function startDeadline(clock: Clock, ms: number, signals: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  let passed = false;
  const abort = () => controller.abort();
  const cancelTimer = clock.after(ms, () => {
    passed = true;
    abort();
  });
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return {
    ms,
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
