/** How an attempt stands, and what a Deployment shows of it. */
import type { Attempt, TargetRecord } from '../domain/record.ts';
import { ATTEMPT_ANNOTATION, FIELD_MANAGER } from '../domain/signature.ts';
import { type DeploymentView, revisionOf } from '../domain/workload.ts';
import type { Policy } from './policy.ts';

/** The attempt whose rollout is not concluded, if there is one. */
export function runningAttempt(record: TargetRecord | undefined): Attempt | undefined {
  return record?.attempt?.endedAt === undefined ? record?.attempt : undefined;
}

/** The record without an attempt that was not applied, where an older one goes on. */
export function withoutUnapplied(record: TargetRecord): TargetRecord {
  const { behind, ...kept } = record;
  return behind === undefined ? record : { ...kept, attempt: behind };
}

/** Whether the Pods matter to what is decided next: while a rollout runs, and for a while after its success. */
export function wantsPods(record: TargetRecord | undefined, policy: Policy, now: number): boolean {
  if (record?.attempt?.generation === undefined) return false;
  return runningAttempt(record) !== undefined || lateCrashLeftMs(record, policy, now) > 0;
}

/** For how long a crash after the success is still told, ms; 0 when it is not, or no longer. */
export function lateCrashLeftMs(record: TargetRecord, policy: Policy, now: number): number {
  if (record.phase !== 'succeeded' || record.crashedLater === true) return 0;
  const sinceMs = now - (record.attempt?.endedAt ?? Number.NEGATIVE_INFINITY);
  // Negative when the clock was set back: then nobody knows.
  return sinceMs < 0 ? 0 : Math.max(0, policy.watchAfterMs - sinceMs);
}

/** Whether the patch of this attempt was the last of ours that was applied. */
export function carries(deployment: DeploymentView, attempt: Attempt): boolean {
  return deployment.annotations[ATTEMPT_ANNOTATION] === attempt.id;
}

/** Whether this very Deployment still runs what the attempt brought. */
export function runsImageOf(deployment: DeploymentView, attempt: Attempt): boolean {
  const image = deployment.containers.find((container) => container.name === attempt.container)?.image;
  return deployment.uid === attempt.uid && image === (attempt.appliedImage ?? attempt.image);
}

/** The attempt with the revision it ended on, where the controller has written one. */
export function withRevision(attempt: Attempt, { annotations }: DeploymentView): Attempt {
  const revision = revisionOf(annotations);
  return Number.isNaN(revision) ? attempt : { ...attempt, revision };
}

/** The attempt as the Deployment that carries it shows it. */
export function applied(attempt: Attempt, deployment: DeploymentView): Attempt {
  const image = deployment.containers.find((container) => container.name === attempt.container)?.image;
  // What another writer put there is not what admission made of ours.
  const isOurs = deployment.templateManager === undefined || deployment.templateManager === FIELD_MANAGER;
  return {
    ...attempt,
    uid: deployment.uid,
    generation: deployment.generation,
    ...(isOurs && image !== undefined ? { appliedImage: image } : {}),
  };
}
