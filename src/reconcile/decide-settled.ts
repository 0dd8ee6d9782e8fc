/**
 * The part of `decide` for a target whose content has its answer: roll back, notice a late success or crash, or drift.
 * It looks only at what the watch knows, so a target at rest costs no request.
 */
import type { Attempt, TargetRecord, Verified } from '../domain/record.ts';
import { type DeploymentView, imageOf, revisionOf } from '../domain/workload.ts';
import { type JudgePolicy, judge } from '../rollout/verdict.ts';
import { lateCrashLeftMs, runsImageOf } from './attempt.ts';
import { endAttempt, subjectOf, targetEvent, withPast } from './conclusions.ts';
import { decideDeploy } from './decide-deploy.ts';
import { decideParked } from './decide-parked.ts';
import type { Decision, Observation, OrderCase, Remembered } from './decision.ts';
import { chooseImage, type Order, orderAgain } from './order.ts';
import { allowsNamespace, type Policy } from './policy.ts';

/** This many drifts within the window are corrected; one more means that two writers are fighting. */
const FLAPS = 3;
const FLAP_WINDOW_MS = 600_000;
/** Stands for the image of a container that is gone. */
const REMOVED = 'no such container';

export function decideSettled(of: Remembered<OrderCase>): Decision {
  const { record } = of;
  switch (record.phase) {
    case 'blocked':
      return decideParked(of);
    case 'failed':
    case 'timed-out':
      return wantsRollback(record, of.policy) ? rollBack(of) : noticeRecovery(of);
    case 'succeeded':
      return noticeDrift(of);
    case 'refused':
      return reconsider(of);
    case 'superseded':
      // The file had gone before its version was applied, and is back.
      return decideDeploy(of);
    case 'overridden':
      return wantsCorrection(record, of.policy) ? noticeDrift(of) : { kind: 'nothing' };
    case 'rolling-out':
    case 'rolled-back':
    case 'rollback-failed':
      return { kind: 'nothing' };
    default:
      return record.phase satisfies never;
  }
}

/** What was refused for the settings or for the Deployment is deployed when those have changed. */
function reconsider(of: OrderCase): Decision {
  const { observation, order, policy } = of;
  const { cluster, target } = observation;
  if (target === undefined || !allowsNamespace(policy, target.namespace)) return { kind: 'nothing' };
  const deployment = seen(observation, undefined);
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

/** The image to go back to. Where the attempt changed another container than the verified one, its own of that time. */
function wayBack(attempt: Attempt, verified: Verified): string {
  return verified.container === attempt.container ? verified.image : (attempt.wayBack ?? attempt.image);
}

/** What a rollback brought was never the wish of the file. */
function wantsCorrection({ attempt }: TargetRecord, policy: Policy): boolean {
  return policy.drift === 'correct' && attempt?.kind !== 'rollback';
}

function rollBack(of: Remembered): Decision {
  const { observation, record } = of;
  const { attempt, verified } = record;
  if (attempt === undefined || verified === undefined) return { kind: 'nothing' };
  const deployment = seen(observation, attempt);
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
  const deployment = seen(observation, attempt);
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
  const summary = `${subjectOf(observation)} ${attempt.version} succeeded after all; it had been told as ${record.phase}`;
  const end = { outcome: 'succeeded', what: 'recovered', cause: '', summary } as const;
  return endAttempt(of, attempt, end);
}

function noticeDrift(of: Remembered): Decision {
  const { observation, record, policy } = of;
  const { attempt } = record;
  const deployment = seen(observation, attempt);
  // A record adopted from an earlier engine knows no image to compare with.
  if (attempt === undefined || deployment === undefined) return { kind: 'nothing' };
  const image = imageOf(deployment, attempt.container);
  if (image === (attempt.appliedImage ?? attempt.image)) {
    const { drift, ...kept } = record;
    if (drift?.image !== undefined) {
      const summary = `${subjectOf(observation)} ${record.version} runs again: the change made outside was taken back`;
      return { kind: 'remember', record: { ...kept, summary, drift: { seenAt: drift.seenAt } }, lookAgainInMs: 0 };
    }
    return noticeLateCrash(of, attempt, deployment);
  }
  if (policy.drift === 'ignore' || deployment.deleting) return { kind: 'nothing' };
  // Back to what was verified: what the file's words would mean now may depend on the image that drifted in.
  const correction: Order = { kind: 'correct-drift', content: record.content, ...orderAgain(attempt) };
  return tellDrift({ ...of, order: correction }, { image: image ?? REMOVED, by: deployment.templateManager });
}

/** The order of the case is the correction. */
function tellDrift(
  of: Remembered<OrderCase>,
  change: { readonly image: string; readonly by: string | undefined },
): Decision {
  const { observation, record, policy } = of;
  const { now } = of.moment;
  const earlier = (record.drift?.seenAt ?? []).filter((at) => now - at < FLAP_WINDOW_MS);
  if (record.drift?.image === change.image) {
    const isHeld = record.drift.seenAt.length > FLAPS;
    return policy.drift === 'correct' && !isHeld ? decideDeploy(of) : { kind: 'nothing' };
  }
  const seenAt = [...earlier, now].slice(-FLAPS - 1);
  const drift = { image: change.image, seenAt };
  // It was told already that this goes on.
  if (earlier.length > FLAPS) return { kind: 'remember', record: { ...record, drift } };
  const flapping = earlier.length === FLAPS;
  const who = change.by ?? 'another client';
  const found = change.image === REMOVED ? 'removed the container' : `set the image to ${change.image}`;
  const cause = `changed outside: ${who} ${found}; ${whatNext(policy, flapping)}`;
  const summary = `${subjectOf(observation)} ${record.version} ${cause}`;
  return {
    kind: 'conclude',
    record: { ...record, summary, drift },
    event: targetEvent(observation, {
      id: `${record.attempt?.id}:drift:${(record.drift?.seenAt ?? []).at(-1) ?? 0}:${change.image}`,
      what: flapping ? 'flapping' : 'drifted',
      version: record.version,
      image: change.image,
      summary,
      cause,
      at: now,
    }),
    signs: [],
  };
}

function whatNext({ drift }: Policy, flapping: boolean): string {
  if (drift === 'correct') {
    return flapping ? 'two writers are fighting, so it is left as it is; find the other one' : 'it is corrected';
  }
  return flapping
    ? 'it changes again and again, so no more is told until it is quiet for a while'
    : 'it is left as it is; save the dep file with a new content to deploy over it';
}

/** Most bad versions die after their first probe: for a while after a success a crash is still told. */
function noticeLateCrash(of: Remembered, attempt: Attempt, deployment: DeploymentView): Decision {
  const { observation, record, policy } = of;
  const { now } = of.moment;
  const leftMs = lateCrashLeftMs(record, policy, now);
  // What somebody else has put there since is not what succeeded.
  const isAnother = attempt.revision !== undefined && attempt.revision !== revisionOf(deployment.annotations);
  if (leftMs <= 0 || isAnother) return { kind: 'nothing' };
  const verdict = judgeNow(observation, attempt, deployment, { ...policy, counts: ({ about }) => about === 'crash' });
  if (verdict.kind !== 'failed') {
    const ripensInMs = verdict.kind === 'running' ? verdict.lookAgainInMs : policy.watchAfterMs;
    const lookAgainInMs = Math.min(leftMs, ripensInMs);
    return { kind: 'wait', lookAgainInMs, detail: 'watched for a while after its success' };
  }
  const summary = `${subjectOf(observation)} ${record.version} crashed after its success: ${verdict.cause}`;
  return {
    kind: 'conclude',
    record: {
      ...record,
      crashedLater: true,
      summary,
      ...(policy.onFailure === 'rollback' ? failedAfterAll(record, attempt, summary, now) : {}),
    },
    event: targetEvent(observation, {
      id: `${attempt.id}:crashed-later`,
      what: 'crashed-later',
      version: record.version,
      image: attempt.image,
      summary,
      cause: verdict.cause,
      at: now,
    }),
    signs: verdict.signs,
  };
}

/** What makes a late crash a failure that the next pass rolls back: nothing, when there is no version to go back to. */
function failedAfterAll(record: TargetRecord, attempt: Attempt, summary: string, now: number): Partial<TargetRecord> {
  const { verified, verifiedBefore, version, content } = record;
  // Without replicas it succeeded without being verified.
  const back = verified?.image === attempt.image ? verifiedBefore : verified;
  if (back === undefined || wayBack(attempt, back) === attempt.image) return {};
  return {
    phase: 'failed',
    verified: back,
    past: withPast(record, { content, version, outcome: 'failed', summary, at: now }),
  };
}

function judgeNow(observation: Observation, attempt: Attempt, deployment: DeploymentView, policy: JudgePolicy) {
  const look = observation.cluster.kind === 'deployment' ? observation.cluster.look : { replicaSets: [], pods: [] };
  const { ageOf, completeForMs } = observation;
  // The deadline has been judged already: no time counts here.
  return judge({ deployment, look, attempt, elapsedMs: 0, watchedMs: 0, completeForMs, ageOf }, policy);
}

/** The Deployment, unless what is shown of it is older than the attempt: a watch can fall silent. */
function seen({ cluster }: Observation, attempt: Attempt | undefined): DeploymentView | undefined {
  if (cluster.kind !== 'deployment') return undefined;
  const { deployment } = cluster;
  const isStale = deployment.uid === attempt?.uid && deployment.generation < attempt.generation;
  return isStale ? undefined : deployment;
}
