/**
 * The part of `decide` for an attempt whose patch was not answered, or not sent, while the file asks for something else
 * by now, or for nothing: was it applied or not?
 */
import type { DepLook } from '../domain/dep-look.ts';
import type { PendingAttempt } from '../domain/record.ts';
import { carries } from './attempt.ts';
import { endPending } from './conclusions.ts';
import type { Decision, Remembered } from './decision.ts';
import { parkedLookMs } from './parked-look.ts';
import { takeAnswer } from './rollout-start.ts';

/** Longer than a request is waited for, by us or by the servers in between, ms. */
const UNDER_WAY_MS = 35_000;

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
  const leftMs = underWayMs(pending, of.moment.now);
  if (leftMs > 0) return { kind: 'wait', lookAgainInMs: leftMs, detail: 'its patch may still be under way' };
  return endPending(of, pending, { outcome: 'superseded', cause: whyWithdrawn(desired) });
}

/** For how long the patch may still be applied, ms, e.g. one that was sent just before a restart. */
function underWayMs({ startedAt }: PendingAttempt, now: number): number {
  // Negative when the clock was set back: then nobody knows.
  return now < startedAt ? 0 : startedAt + UNDER_WAY_MS - now;
}

function whyWithdrawn(desired: DepLook): string {
  return desired.kind === 'absent'
    ? 'the dep file was removed before it was applied'
    : 'the dep file was changed before it was applied';
}
