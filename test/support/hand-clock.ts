/** A clock that only moves when told: hours pass in no time and always in the same order. */
export interface HandClock {
  now(): number;
  after(ms: number, run: () => void): () => void;
  /** Runs everything due within the next `ms`, in order of time, work that this work adds included. */
  advance(ms: number): void;
  /** Planned runs, for "nothing is left" checks. */
  pending(): number;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** So many runs at one moment are a loop, not work. */
const MOST_RUNS = 1_000_000;

export function createHandClock(startMs = Date.parse('2026-01-31T12:00:00Z')): HandClock {
  const timers = new Set<Timer>();
  let nowMs = startMs;
  let order = 0;

  function nextTimer(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueMs > untilMs) continue;
      const isFirst = first === undefined || timer.dueMs < first.dueMs;
      if (isFirst || (timer.dueMs === first?.dueMs && timer.order < first.order)) first = timer;
    }
    return first;
  }

  return {
    now: () => nowMs,
    after(ms, run) {
      order += 1;
      const timer = { dueMs: nowMs + Math.max(0, ms), order, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      let runs = 0;
      for (let timer = nextTimer(untilMs); timer; timer = nextTimer(untilMs)) {
        runs += 1;
        if (runs > MOST_RUNS) throw new Error('the work at this moment never ends');
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.dueMs);
        timer.run();
      }
      nowMs = untilMs;
    },
    pending: () => timers.size,
  };
}
