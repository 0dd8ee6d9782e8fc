/** Time for everything that runs by itself in the sandbox. */
export interface Clock {
  /** Wall clock, epoch ms. */
  now(): number;
  /** Calls `run` once after `ms`, never at once; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Timers do not keep the process alive. */
export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    if (ms <= 0) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    // Node turns a delay above 2^31-1 ms into 1 ms.
    const timer = setTimeout(run, Math.min(ms, 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
