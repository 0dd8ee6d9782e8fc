/**
 * The part of `decide` for a target whose content has its answer: roll back, notice a late success, look over a refusal.
 * It looks only at what the watch knows, so a target at rest costs no request.
 */
import { isTransient } from '../domain/api-error.ts';
import type { TargetRecord } from '../domain/record.ts';
import { runsImageOf, wayBack } from './attempt.ts';
import { endAttempt, subjectOf } from './conclusions.ts';
import { decideDeploy } from './decide-deploy.ts';
import { decideParked } from './decide-parked.ts';
import { decideSucceeded } from './decide-succeeded.ts';
import type { Decision, OrderCase, Remembered } from './decision.ts';
import { chooseImage, type Order } from './order.ts';
import { allowsNamespace, type Policy } from './policy.ts';
import { judgeNow, lags, shownDeployment } from './settled-look.ts';

export function decideSettled(of: Remembered<OrderCase>): Decision {
  const { record } = of;
  switch (record.phase) {
    case 'blocked':
      return decideParked(of);
    case 'failed':
      return wantsRollback(record, of.policy) ? rollBack(of) : noticeRecovery(of);
    case 'timed-out': {
      // What was merely slow may be complete by now, as after a restart: that is not taken back.
      const recovery = noticeRecovery(of);
      return recovery.kind === 'nothing' && wantsRollback(record, of.policy) ? rollBack(of) : recovery;
    }
    case 'succeeded':
      // A watch that lags, or a cluster that was set back, as by the restoring of a backup.
      if (lags(of.observation, record.attempt)) return { kind: 'look-fresh' };
      return decideUnanswered(of) ?? decideSucceeded(of);
    case 'refused':
      return reconsider(of);
    case 'superseded':
      // The file had gone before its version was applied, and is back.
      return decideDeploy(of);
    case 'overridden':
      // The image that somebody set is then corrected like a drift after a success.
      return wantsCorrection(record, of.policy) ? decideSucceeded(of) : { kind: 'nothing' };
    case 'rollback-failed':
      return noticeRecovery(of);
    case 'rolling-out':
    case 'rolled-back':
      return { kind: 'nothing' };
    default:
      return record.phase satisfies never;
  }
}

/** A watch that shows an earlier state may have no further event to tell: the question to the API server is repeated. */
function decideUnanswered({ observation: { cluster } }: Remembered): Decision | undefined {
  return cluster.kind === 'error' && isTransient(cluster.error) ? { kind: 'retry', error: cluster.error } : undefined;
}

/** What was refused for the settings or for the Deployment is deployed when those have changed. */
function reconsider(of: OrderCase): Decision {
  const { observation, order, policy } = of;
  const { cluster, target } = observation;
  if (target === undefined || !allowsNamespace(policy, target.namespace)) return { kind: 'nothing' };
  const deployment = shownDeployment(observation, undefined);
  // Still refused, and told already.
  if (deployment !== undefined && chooseImage(deployment, order, policy.repo).kind === 'refused') {
    return { kind: 'nothing' };
  }
  // What we may not read cannot be reconsidered.
  if (cluster.kind === 'error' && cluster.error.kind === 'forbidden') return { kind: 'nothing' };
  return decideDeploy(of);
}

function wantsRollback({ attempt, content, verified }: TargetRecord, policy: Policy): boolean {
  return (
    policy.onFailure === 'rollback' &&
    attempt !== undefined &&
    attempt.kind !== 'rollback' &&
    // What was told may be about another content, which was not taken.
    attempt.content === content &&
    verified !== undefined &&
    wayBack(attempt, verified) !== attempt.image
  );
}

/** What a rollback brought was never the wish of the file. */
function wantsCorrection({ attempt }: TargetRecord, policy: Policy): boolean {
  return policy.drift === 'correct' && attempt?.kind !== 'rollback';
}

function rollBack(of: Remembered): Decision {
  const { observation, record } = of;
  const { attempt, verified } = record;
  if (attempt === undefined || verified === undefined) return { kind: 'nothing' };
  const deployment = shownDeployment(observation, attempt);
  // Somebody has mended it by hand: there is nothing of ours to take back.
  if (deployment !== undefined && !runsImageOf(deployment, attempt)) return { kind: 'nothing' };
  const request = { version: verified.version, container: attempt.container };
  const order: Order = { kind: 'rollback', content: record.content, request, image: wayBack(attempt, verified) };
  return decideDeploy({ ...of, order });
}

/** A rollout that came right after it was told as failed is noticed and told. */
function noticeRecovery(of: Remembered): Decision {
  const { observation, record, policy } = of;
  const { attempt } = record;
  const deployment = shownDeployment(observation, attempt);
  if (attempt === undefined || deployment === undefined || deployment.uid !== attempt.uid) return { kind: 'nothing' };
  // What was told is about another content, or there is nothing that could have recovered.
  if (attempt.content !== record.content || deployment.replicas === 0) return { kind: 'nothing' };
  // The restarts that failed it stay in the count of a container that has recovered.
  const verdict = judgeNow(observation, attempt, deployment, { ...policy, maxRestarts: undefined });
  if (verdict.kind !== 'succeeded') return { kind: 'nothing' };
  // A crash loop is "ready" between two crashes: only what lasts has recovered.
  const missingMs = policy.graceMs - observation.completeForMs;
  if (missingMs > 0) {
    return { kind: 'wait', lookAgainInMs: missingMs, detail: 'complete after all; waiting for it to last' };
  }
  const [outcome, said] =
    attempt.kind === 'rollback' ? (['rolled-back', 'runs again'] as const) : (['succeeded', 'succeeded'] as const);
  const summary = `${subjectOf(observation)} ${attempt.version} ${said} after all; it had been reported as ${record.phase}`;
  return endAttempt(of, attempt, { outcome, what: 'recovered', cause: '', summary });
}
