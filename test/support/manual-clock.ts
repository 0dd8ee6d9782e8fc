/** A clock that stands still until a test moves it. */
import type { Clock } from '../../src/clock.ts';

export interface ManualClock extends Clock {
  /** How long each running timer was set for, ms, in the order in which they were set. */
  readonly waits: readonly number[];
  /** Moves both clocks on, and fires what is due on the way, in order. */
  advance(ms: number): void;
}

interface Timer {
  readonly ms: number;
  readonly dueAt: number;
  readonly run: () => void;
}

export function createManualClock(startedAt = Date.UTC(2026, 0, 31, 12)): ManualClock {
  const timers = new Set<Timer>();
  let elapsed = 0;

  const firstDue = (until: number) =>
    [...timers].filter(({ dueAt }) => dueAt <= until).sort((one, other) => one.dueAt - other.dueAt)[0];

  return {
    now: () => startedAt + elapsed,
    monotonic: () => elapsed,
    after(ms, run) {
      const timer = { ms, dueAt: elapsed + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    get waits() {
      return [...timers].map(({ ms }) => ms);
    },
    advance(ms) {
      const until = elapsed + ms;
      for (let timer = firstDue(until); timer !== undefined; timer = firstDue(until)) {
        timers.delete(timer);
        elapsed = Math.max(elapsed, timer.dueAt);
        timer.run();
      }
      elapsed = until;
    },
  };
}
