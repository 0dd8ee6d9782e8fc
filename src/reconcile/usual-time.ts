/** How long a target's rollouts usually take; one that takes much longer is told, once and before any time-out. */
import type { Attempt } from '../domain/record.ts';
import { formatDuration } from '../rollout/words.ts';
import { nameOf, subjectOf, targetEvent, withSummary } from './conclusions.ts';
import type { Decision, Remembered } from './decision.ts';

/** Fewer rollouts say nothing about the next one. */
const KNOWN_ENOUGH = 3;
const TIMES_USUAL = 3;
/** Nobody needs to be told about less, however fast the service usually is, ms. */
const LEAST_MS = 10_000;

/**
 * The usual time of a rollout: the median, which one slow night does not move.
 *
 * @param durations of successful rollouts, ms
 * @returns ms; undefined while too few are known
 */
export function usualTime(durations: readonly number[]): number | undefined {
  if (durations.length < KNOWN_ENOUGH) return undefined;
  const sorted = durations.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** Waits for a running rollout, or tells that it takes longer than usual. */
export function awaitRollout(
  of: Remembered,
  attempt: Attempt,
  { detail, lookAgainInMs }: { readonly detail: string; readonly lookAgainInMs: number },
): Decision {
  const { elapsedMs } = of.observation;
  const usualMs = usualTime(of.record.usualMs ?? []);
  if (usualMs === undefined || attempt.toldSlow === true) return { kind: 'wait', lookAgainInMs, detail };
  const slowInMs = Math.max(TIMES_USUAL * usualMs, LEAST_MS) - elapsedMs;
  if (slowInMs > 0) return { kind: 'wait', lookAgainInMs: Math.min(lookAgainInMs, slowInMs), detail };
  return tellSlow(of, attempt, usualMs, detail);
}

function tellSlow(
  { observation, record, moment }: Remembered,
  attempt: Attempt,
  usualMs: number,
  detail: string,
): Decision {
  const { elapsedMs } = observation;
  const { id, version, image } = attempt;
  const times = `${Math.floor(elapsedMs / usualMs)}x the usual ${formatDuration(usualMs)}`;
  const cause = `${times}: ${detail}`;
  const summary = `${subjectOf(observation)} ${nameOf(attempt)} is still being deployed after ${formatDuration(elapsedMs)}, ${cause}`;
  return {
    kind: 'conclude',
    record: withSummary(record, { ...attempt, toldSlow: true }, summary),
    event: targetEvent(observation, {
      id: `${id}:progress`,
      what: 'progress',
      version,
      image,
      summary,
      cause,
      at: moment.now,
    }),
    signs: [],
  };
}
