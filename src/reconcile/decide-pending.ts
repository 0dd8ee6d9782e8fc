/**
 * The part of `decide` for an attempt whose patch was not answered, or not sent, while the file asks for something else
 * by now, or for nothing: was it applied or not?
 */
import type { DepLook } from '../domain/dep-look.ts';
import type { PendingAttempt } from '../domain/record.ts';
import { carries } from './attempt.ts';
import { endPending } from './conclusions.ts';
import { takeAnswer } from './decide-deploy.ts';
import type { Decision, Remembered } from './decision.ts';
import { parkedLookMs } from './parked-look.ts';

/**
 * @param meanwhile what is decided while the file says nothing clear: it may yet hold the content again
 */
export function decidePending(of: Remembered, pending: PendingAttempt, meanwhile: Decision): Decision {
  const { cluster, desired } = of.observation;
  switch (cluster.kind) {
    case 'unseen':
      return { kind: 'look-fresh' };
    case 'error':
      return cluster.error.kind === 'forbidden'
        ? { kind: 'wait', lookAgainInMs: parkedLookMs('forbidden'), detail: cluster.error.message }
        : { kind: 'retry', error: cluster.error };
    case 'deployment':
      if (carries(cluster.deployment, pending)) return takeAnswer(of, pending, cluster.deployment);
      if (!cluster.fresh) return { kind: 'look-fresh' };
      break;
    case 'no-deployment':
      break;
    default:
      return cluster satisfies never;
  }
  if (desired.kind === 'not-ready' || desired.kind === 'unreadable') return meanwhile;
  return endPending(of, pending, { outcome: 'superseded', cause: whyWithdrawn(desired) });
}

function whyWithdrawn(desired: DepLook): string {
  return desired.kind === 'absent'
    ? 'the dep file was removed before it was applied'
    : 'the dep file held something else before it was applied';
}
