/** Waiting for a fact instead of for time. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the fact may take, 10 s unless told. Generous on purpose: it is only ever waited out by a failing test. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Calls `check` until it returns something truthy, and returns that. A `check` that throws (an `expect` inside it, a
 * file not there yet) counts as "not yet", and so does one that returns nothing: one that only expects ends with
 * `return true`. When the time is over, the last error is the cause of the one thrown here.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 10_000, intervalMs = 10 } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await check();
      if (isFact(value)) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) break;
    await sleep(intervalMs);
  }
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  throw new Error(`not within ${timeoutMs} ms: ${check}${why}`, { cause });
}

/** 0 and '' are no facts either, but leaving them in the type keeps `eventually(() => count)` readable. */
function isFact<T>(value: T): value is Exclude<T, false | null | undefined> {
  return Boolean(value);
}
