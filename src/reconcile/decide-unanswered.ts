/**
 * The part of `decide` for an attempt whose patch was not answered and whose content the file no longer holds: it may
 * have been applied all the same, and then its rollout is seen through like any other.
 */
import type { DepLook } from '../domain/dep-look.ts';
import type { Attempt } from '../domain/record.ts';
import { applied, carries } from './attempt-marks.ts';
import { endAttempt } from './conclusions.ts';
import { type Taken, takeAnswer, takenOver } from './decide-deploy.ts';
import type { Decision, Remembered } from './decision.ts';
import { parkedLookMs } from './parked-look.ts';

/**
 * @param meanwhile what is decided while the file says nothing clear: it may yet hold the content again
 */
export function decideUnanswered(of: Remembered, attempt: Attempt, meanwhile: Decision): Decision {
  const { cluster, desired } = of.observation;
  switch (cluster.kind) {
    case 'unseen':
      return { kind: 'look-fresh' };
    case 'error':
      return cluster.error.kind === 'forbidden'
        ? { kind: 'wait', lookAgainInMs: parkedLookMs('forbidden'), detail: cluster.error.message }
        : { kind: 'retry', error: cluster.error };
    case 'deployment':
      if (!cluster.fresh) return { kind: 'look-fresh' };
      if (!carries(cluster.deployment, attempt)) break;
      return takeAnswer(found(of, applied(attempt, cluster.deployment)));
    case 'no-deployment':
      break;
    default:
      return cluster satisfies never;
  }
  if (desired.kind === 'not-ready' || desired.kind === 'unreadable') return meanwhile;
  return endAttempt(of, attempt, { outcome: 'superseded', cause: whyWithdrawn(desired) });
}

/** The answer the record gives stands, whatever content it is about. */
function found({ observation, record, moment }: Remembered, attempt: Attempt): Taken {
  const taken = takenOver(observation, record, attempt, moment.now);
  return { ...taken, record: { ...taken.record, attempt } };
}

/** Nothing is deployed, and nothing is left open. */
function whyWithdrawn(desired: DepLook): string {
  return desired.kind === 'absent'
    ? 'the dep file was removed before it was applied'
    : 'the dep file held something else before it was applied';
}
