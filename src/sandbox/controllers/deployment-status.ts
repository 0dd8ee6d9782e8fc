/** A Deployment's status: the counters, and the conditions that say how its rollout goes. */
import { at, kubeTime, number } from '../objects.ts';
import type { Generations } from './revisions.ts';
import type { Room } from './room.ts';
import { type Condition, counters, type Deployment, REVISION, type ReplicaSet } from './workloads.ts';

export const PROGRESSING = 'Progressing';
const REPLICA_FAILURE = 'ReplicaFailure';

interface Finding {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export function conditionOf(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** The same status and reason change nothing, not even the message; the same status keeps its transition time. */
export function withCondition(conditions: readonly Condition[], finding: Finding, now: string): readonly Condition[] {
  const old = conditionOf(conditions, finding.type);
  if (old?.status === finding.status && old.reason === finding.reason) return conditions;
  return replaced(conditions, finding, now);
}

function replaced(conditions: readonly Condition[], finding: Finding, now: string): readonly Condition[] {
  const { type, status, reason, message } = finding;
  const old = conditionOf(conditions, type);
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
  return [...without(conditions, type), { type, status, lastUpdateTime: now, lastTransitionTime, reason, message }];
}

function without(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}

type Counts = Readonly<
  Record<'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas', number>
>;

function countsOf({ current, old }: Generations): Counts & { readonly terminatingReplicas: number } {
  const all = current === undefined ? old : [...old, current];
  const sum = (count: (set: ReplicaSet) => number) => all.reduce((total, set) => total + count(set), 0);
  const availableReplicas = sum((set) => set.status.availableReplicas);
  return {
    replicas: sum((set) => set.status.replicas),
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: sum((set) => set.status.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum((set) => set.replicas) - availableReplicas),
    terminatingReplicas: sum((set) => set.status.terminatingReplicas),
  };
}

/** Writes the counters and whether enough pods are available. With `judge`, also how the rollout goes. */
export function writeStatus(
  { store, clock }: Room,
  deployment: Deployment,
  generations: Generations,
  judge: boolean,
): void {
  const { object, status } = deployment;
  const now = kubeTime(clock.now());
  const { terminatingReplicas, ...counts } = countsOf(generations);
  const available = withCondition(status.conditions, availability(deployment, counts.availableReplicas), now);
  const judged = judge ? judgedConditions(deployment, generations, counts, available, clock.now()) : available;
  const collisionCount = number(at(object, 'status', 'collisionCount'));
  store.update(
    'deployments.apps',
    {
      ...object,
      status: {
        observedGeneration: deployment.generation,
        ...counters(counts),
        terminatingReplicas,
        ...(judged.length > 0 ? { conditions: judged } : {}),
        ...(collisionCount === undefined ? {} : { collisionCount }),
      },
    },
    { subresource: 'status' },
  );
}

function availability({ replicas, maxUnavailable }: Deployment, available: number): Finding {
  return available >= replicas - maxUnavailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function judgedConditions(
  deployment: Deployment,
  generations: Generations,
  counts: Counts,
  conditions: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  const progress = progressConditions(deployment, generations, counts, conditions, nowMs);
  const failure = replicaFailure(generations);
  if (failure === undefined) return without(progress, REPLICA_FAILURE);
  const { type, status, reason, message, lastTransitionTime } = failure;
  const old = conditionOf(progress, type);
  if (old?.status === status && old.reason === reason) return progress;
  const copy = { type, status, lastUpdateTime: lastTransitionTime, lastTransitionTime, reason, message };
  return [...without(progress, type), copy];
}

/** Failures of the new ReplicaSet come first. */
function replicaFailure({ current, old }: Generations): Condition | undefined {
  const all = current === undefined ? old : [current, ...old];
  return all.flatMap((set) => conditionOf(set.status.conditions, REPLICA_FAILURE) ?? [])[0];
}

/** Complete, progressing or out of time; what was found complete stays so until the next rollout. */
function progressConditions(
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
export function nextProgressCheckMs(deployment: Deployment, generations: Generations, nowMs: number) {
  const progress = conditionOf(deployment.status.conditions, PROGRESSING);
  const { progressDeadlineSeconds, paused } = deployment;
  if (progressDeadlineSeconds === undefined || progress === undefined || paused) return undefined;
  const isJudged = progress.reason === 'ProgressDeadlineExceeded' || progress.reason === 'NewReplicaSetAvailable';
  if (isJudged || isComplete(deployment, countsOf(generations))) return undefined;
  const since = Date.parse(progress.lastUpdateTime ?? progress.lastTransitionTime);
  // The times of conditions have whole seconds: one more, so that the deadline has surely passed.
  return Math.max(0, since + progressDeadlineSeconds * 1_000 - nowMs) + 1_000;
}

/** Writes one condition, and the revision when given, and nothing else: the counters stay as stale as they are. */
export function writeFinding(
  { store, clock }: Room,
  { object, status }: Deployment,
  { finding, revision, collisionCount }: { finding?: Finding; revision?: string; collisionCount?: number },
): void {
  const now = kubeTime(clock.now());
  const conditions = finding === undefined ? status.conditions : withCondition(status.conditions, finding, now);
  const annotations = { ...object.metadata.annotations, ...(revision === undefined ? {} : { [REVISION]: revision }) };
  const old = object.status;
  store.update(
    'deployments.apps',
    {
      ...object,
      metadata: { ...object.metadata, ...(revision === undefined ? {} : { annotations }) },
      status: {
        ...(typeof old === 'object' ? old : {}),
        ...(conditions.length > 0 ? { conditions } : {}),
        ...(collisionCount === undefined ? {} : { collisionCount }),
      },
    },
    { subresource: 'status' },
  );
}
