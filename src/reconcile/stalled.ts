/** A passing fault that does not pass: pass after pass, the API server lets nothing through for a target. Told once. */
import type { Clock } from '../clock.ts';
import type { ApiError } from '../domain/api-error.ts';
import type { TargetEvent } from '../domain/event.ts';
import type { TargetRecord } from '../domain/record.ts';
import type { TargetKey } from '../domain/target.ts';
import { formatDuration } from '../rollout/words.ts';
import { subjectOf, targetEvent } from './conclusions.ts';
import type { Observation } from './decision.ts';

export interface Stalls {
  /**
   * Takes in that a pass met a passing fault while it tried to look or to change something. Returns for how long every
   * pass of the target has, ms, when that is to be told.
   */
  met(key: TargetKey): number | undefined;
  /** Takes in that a pass of the target met none. */
  over(key: TargetKey): void;
}

/** A restart of the API server or a busy moment is over by then, ms. */
const TOLD_AFTER_MS = 120_000;

/** @param isReachable an outage of the whole API is told for all targets together, and counts for none of them */
export function createStalls(clock: Clock, isReachable: () => boolean): Stalls {
  const stalls = new Map<TargetKey, { readonly since: number; told: boolean }>();
  return {
    met(key) {
      if (!isReachable()) {
        stalls.delete(key);
        return undefined;
      }
      const now = clock.monotonic();
      const stall = stalls.get(key) ?? { since: now, told: false };
      stalls.set(key, stall);
      const forMs = now - stall.since;
      if (stall.told || forMs < TOLD_AFTER_MS) return undefined;
      stall.told = true;
      return forMs;
    },
    over: (key) => void stalls.delete(key),
  };
}

/** What a pass could not do. */
export type Stuck = 'change' | 'look';

/** What is told of a target that does not get through. It is tried again as before. */
export function stalledEvent(
  observation: Observation,
  record: TargetRecord | undefined,
  stuck: { readonly at: Stuck; readonly forMs: number; readonly error: ApiError },
  now: number,
): TargetEvent {
  const { key, desired } = observation;
  const attempt = record?.phase === 'rolling-out' ? (record.pending ?? record.attempt) : undefined;
  const asked = desired.kind === 'wanted' ? desired : undefined;
  const version = attempt?.version ?? asked?.request.version ?? record?.version ?? '';
  const what = stuck.at === 'change' ? 'accepted the change' : 'shown the Deployment';
  const cause = `for ${formatDuration(stuck.forMs)} the API server has not ${what}: ${stuck.error.message}; it is tried again until it does`;
  return targetEvent(observation, {
    id: `${attempt?.id ?? `${key}:${asked?.content.slice(0, 16) ?? ''}`}:stalled`,
    what: 'stalled',
    version,
    image: attempt?.image ?? '',
    summary: `${subjectOf(observation)} ${version} waits: ${cause}`,
    cause,
    at: now,
  });
}
