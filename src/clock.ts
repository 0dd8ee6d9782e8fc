/** Time as an argument: code that waits or measures takes a clock, so tests need not sleep. */
export interface Clock {
  /** Wall clock, epoch ms: for file times, annotations and what people read. */
  now(): number;
  /** Milliseconds that never go back: for every duration the engine itself measures. */
  monotonic(): number;
  /** Calls `run` once after `ms`; the returned function cancels it. The timer does not keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    // Node turns a delay above 2^31-1 ms into 1 ms.
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
