/** Attempts: which one runs, until when it matters, and what a Deployment shows of it. */
import type { Attempt, PendingAttempt, TargetRecord, Verified } from '../domain/record.ts';
import { ATTEMPT_ANNOTATION, FIELD_MANAGER } from '../domain/signature.ts';
import { type DeploymentView, imageOf, revisionOf } from '../domain/workload.ts';
import type { Policy } from './policy.ts';

/** The attempt whose rollout is not concluded, if there is one. */
export function runningAttempt(record: TargetRecord | undefined): Attempt | undefined {
  return record?.attempt?.endedAt === undefined ? record?.attempt : undefined;
}

export function withoutPending({ pending: _pending, ...record }: TargetRecord): TargetRecord {
  return record;
}

/** Whether the Pods matter to what is decided next: while a rollout runs, and for a while after its success. */
export function wantsPods(record: TargetRecord | undefined, policy: Policy, now: number): boolean {
  if (record === undefined) return false;
  return runningAttempt(record) !== undefined || lateCrashLeftMs(record, policy, now) > 0;
}

/** For how long a crash after the success is still told, ms; 0 when it is not, or no longer. */
export function lateCrashLeftMs(record: TargetRecord, policy: Policy, now: number): number {
  if (record.phase !== 'succeeded' || record.crashedLater === true) return 0;
  const sinceMs = now - (record.attempt?.endedAt ?? Number.NEGATIVE_INFINITY);
  // Negative when the clock was set back: then nobody knows.
  if (sinceMs < 0 || policy.watchAfterMs === 0) return 0;
  // A crash loop that began in time is told when it has lasted for the grace.
  return Math.max(0, policy.watchAfterMs + policy.graceMs - sinceMs);
}

/** Whether the patch of this attempt was the last of ours that was applied. */
export function carries(deployment: DeploymentView, attempt: PendingAttempt): boolean {
  return deployment.annotations[ATTEMPT_ANNOTATION] === attempt.id;
}

/** Whether this is the Deployment as it was before the attempt: seen by a watch that lags, or restored from a backup. */
export function precedes(deployment: DeploymentView, attempt: Attempt): boolean {
  return deployment.uid === attempt.uid && deployment.generation < attempt.generation;
}

/** Whether this very Deployment still runs what the attempt brought. */
export function runsImageOf(deployment: DeploymentView, attempt: Attempt): boolean {
  return (
    deployment.uid === attempt.uid && imageOf(deployment, attempt.container) === (attempt.appliedImage ?? attempt.image)
  );
}

/** The attempt with the revision it ended on, where the controller has written one. */
export function withRevision(attempt: Attempt, { annotations }: DeploymentView): Attempt {
  const revision = revisionOf(annotations);
  return revision === 0 ? attempt : { ...attempt, revision };
}

/** The attempt once its patch was taken, as the Deployment that carries it shows it. */
export function applied(attempt: PendingAttempt, deployment: DeploymentView): Attempt {
  const image = imageOf(deployment, attempt.container);
  // What another writer put there is not what admission made of ours.
  const isOurs = deployment.templateManager === undefined || deployment.templateManager === FIELD_MANAGER;
  return {
    ...attempt,
    uid: deployment.uid,
    generation: deployment.generation,
    ...(isOurs && image !== undefined ? { appliedImage: image } : {}),
  };
}

/** The image to go back to. Where the attempt changed another container than the verified one, its own of that time. */
export function wayBack(attempt: Attempt, verified: Verified): string {
  return verified.container === attempt.container ? verified.image : (attempt.wayBack ?? attempt.image);
}
