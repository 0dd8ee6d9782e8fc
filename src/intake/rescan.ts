/** When the directory is scanned: again and again, since events get lost without a word. */
import type { Clock } from '../clock.ts';

/** Scanning takes at most this share of the time, so a large directory is scanned less often. */
const SHARE = 0.02;
/** The share for scans asked for, e.g. by a flood of events. */
const SHARE_ON_REQUEST = 0.2;
/** A busy process makes a scan seem costly; without a limit one such scan would put off the next for minutes. */
const LONGEST_PAUSE_MS = 60_000;

export interface Rescan {
  /** Scans once, and from then on keeps scanning. */
  start(): Promise<void>;
  /** Asks for a scan soon. Asked for during a scan, one more follows. */
  soon(): void;
  /** Ends scanning, and waits for a scan that runs. */
  stop(): Promise<void>;
}

/** `scan` must not reject. */
export function createRescan(options: {
  readonly periodMs: number;
  readonly clock: Clock;
  readonly scan: () => Promise<void>;
}): Rescan {
  const { periodMs, clock, scan } = options;
  let state: 'idle' | 'running' | 'stopped' = 'idle';
  let running: Promise<void> | undefined;
  let requested = false;
  let cancelNext = () => {};
  let costMs = 0;
  let lastMs: number | undefined;
  let endMs = 0;

  function run(): void {
    cancelNext();
    requested = false;
    running = measured().finally(() => {
      running = undefined;
      if (state === 'running') next();
    });
  }

  async function measured(): Promise<void> {
    const startMs = clock.monotonic();
    await scan();
    endMs = clock.monotonic();
    // The quicker of the last two: the time includes whatever else the process did meanwhile.
    costMs = Math.min(endMs - startMs, lastMs ?? Number.POSITIVE_INFINITY);
    lastMs = endMs - startMs;
  }

  function next(): void {
    const share = requested ? SHARE_ON_REQUEST : SHARE;
    const pauseMs = Math.min(costMs * (1 / share - 1), LONGEST_PAUSE_MS);
    const waitMs = requested ? pauseMs : Math.max(pauseMs, periodMs - costMs);
    cancelNext = clock.after(waitMs - (clock.monotonic() - endMs), run);
  }

  return {
    async start() {
      if (state !== 'idle') return;
      state = 'running';
      run();
      await running;
    },
    soon() {
      if (state !== 'running' || requested) return;
      requested = true;
      if (running !== undefined) return;
      cancelNext();
      next();
    },
    async stop() {
      state = 'stopped';
      cancelNext();
      await running;
    },
  };
}
