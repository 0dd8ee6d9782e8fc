/** How a rollout goes: complete, progressing, or past its deadline. */
import { kubeTime } from '../objects.ts';
import { conditionOf, type Finding, replaced, withCondition, without } from './conditions.ts';
import type { Generations } from './revisions.ts';
import type { Condition, Deployment } from './workloads.ts';

export const PROGRESSING = 'Progressing';
/** The counters of a Deployment's status, all its ReplicaSets together. */
export type Counts = Readonly<
  Record<'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas', number>
>;

/** Complete, progressing or out of time; what was found complete stays so until the next rollout. */
export function progressConditions(
  deployment: Deployment,
  { current }: Generations,
  counts: Counts,
  conditions: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  const { progressDeadlineSeconds, name } = deployment;
  if (progressDeadlineSeconds === undefined) return without(conditions, PROGRESSING);
  const old = conditionOf(deployment.status.conditions, PROGRESSING);
  if (counts.replicas === counts.updatedReplicas && old?.reason === 'NewReplicaSetAvailable') return conditions;

  const now = kubeTime(nowMs);
  const subject = current === undefined ? `Deployment "${name}"` : `ReplicaSet "${current.name}"`;
  const finding = (status: 'True' | 'False', reason: string, what: string): Finding => ({
    type: PROGRESSING,
    status,
    reason,
    message: `${subject} ${what}.`,
  });
  if (isComplete(deployment, counts)) {
    return withCondition(conditions, finding('True', 'NewReplicaSetAvailable', 'has successfully progressed'), now);
  }
  if (hasProgressed(deployment, counts)) {
    // The same reason again moves lastUpdateTime: the deadline counts from the last progress.
    return replaced(conditions, finding('True', 'ReplicaSetUpdated', 'is progressing'), now);
  }
  if (old !== undefined && isOutOfTime(old, progressDeadlineSeconds, nowMs)) {
    return withCondition(conditions, finding('False', 'ProgressDeadlineExceeded', 'has timed out progressing'), now);
  }
  return conditions;
}

function isComplete({ replicas }: Deployment, counts: Counts): boolean {
  return counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas;
}

function hasProgressed({ status }: Deployment, counts: Counts): boolean {
  return (
    counts.updatedReplicas > status.updatedReplicas ||
    counts.replicas - counts.updatedReplicas < status.replicas - status.updatedReplicas ||
    counts.readyReplicas > status.readyReplicas ||
    counts.availableReplicas > status.availableReplicas
  );
}

function isOutOfTime(progress: Condition, deadlineSeconds: number, nowMs: number): boolean {
  if (progress.reason === 'NewReplicaSetAvailable') return false;
  if (progress.reason === 'ProgressDeadlineExceeded') return true;
  return Date.parse(progress.lastUpdateTime ?? progress.lastTransitionTime) + deadlineSeconds * 1_000 < nowMs;
}

/** When progress is to be looked at again, in ms; undefined when there is nothing to wait for. */
export function nextProgressCheckMs(deployment: Deployment, counts: Counts, nowMs: number) {
  const progress = conditionOf(deployment.status.conditions, PROGRESSING);
  const { progressDeadlineSeconds, paused } = deployment;
  if (progressDeadlineSeconds === undefined || progress === undefined || paused) return undefined;
  const isJudged = progress.reason === 'ProgressDeadlineExceeded' || progress.reason === 'NewReplicaSetAvailable';
  if (isJudged || isComplete(deployment, counts)) return undefined;
  const since = Date.parse(progress.lastUpdateTime ?? progress.lastTransitionTime);
  // The times of conditions have whole seconds: one more, so that the deadline has surely passed.
  return Math.max(0, since + progressDeadlineSeconds * 1_000 - nowMs) + 1_000;
}
