/** How fast Slack may be told: one message a second on average, a few at once. */
import type { Clock } from '../clock.ts';

export interface Pace {
  /** Ms until the next message may go; 0 is now. */
  readonly waitMs: number;
  /** Counts a message that goes now. */
  take(): void;
}

/** A bucket of `burst` tokens that gains one every `intervalMs`. */
export function createPace(clock: Clock, intervalMs: number, burst: number): Pace {
  let tokens = burst;
  let filledAt = clock.monotonic();

  function fill(): void {
    const now = clock.monotonic();
    tokens = Math.min(burst, tokens + (now - filledAt) / intervalMs);
    filledAt = now;
  }

  return {
    get waitMs() {
      fill();
      return Math.max(0, Math.ceil((1 - tokens) * intervalMs));
    },
    take() {
      fill();
      tokens -= 1;
    },
  };
}
