/** The part of `decide` for a content that waits for somebody outside: a right, an object, the end of a pause. */
import type { TargetRecord } from '../domain/record.ts';
import { decideDeploy } from './decide-deploy.ts';
import type { Decision, Observation, OrderCase, Remembered } from './decision.ts';
import { parkedLookMs } from './parked-look.ts';

export function decideParked(of: Remembered<OrderCase>): Decision {
  const { blockedBy, summary } = of.record;
  return stillParked(of.observation, of.record, of.moment.now)
    ? { kind: 'wait', lookAgainInMs: parkedLookMs(blockedBy), detail: summary }
    : decideDeploy(of);
}

/** Whether what the watch knows says that nothing has changed; a GET of this pass is always worth a decision. */
function stillParked({ cluster }: Observation, record: TargetRecord, now: number): boolean {
  if (wasRefusedJustNow(record, now)) return true;
  switch (cluster.kind) {
    case 'unseen':
      return true;
    case 'no-deployment':
      // No watch tells when a namespace is gone at last.
      return cluster.namespace === 'unknown' && record.blockedBy !== 'namespace-terminating';
    case 'deployment':
      return (
        !cluster.fresh && (cluster.deployment.deleting || (record.blockedBy === 'paused' && cluster.deployment.paused))
      );
    case 'error':
      return false;
    default:
      return cluster satisfies never;
  }
}

/** Only trying shows whether a right was granted, so it is tried now and then and not at every hint. */
export function wasRefusedJustNow(record: TargetRecord, now: number): boolean {
  const isForbidden = record.phase === 'blocked' && record.blockedBy === 'forbidden';
  const sinceMs = now - (record.finishedAt ?? 0);
  // Negative when the clock was set back: then nobody knows.
  return isForbidden && sinceMs >= 0 && sinceMs < parkedLookMs('forbidden');
}
