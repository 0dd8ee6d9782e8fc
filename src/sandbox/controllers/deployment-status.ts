/** A Deployment's status: the counters, and the conditions that say how its rollout goes. */
import { at, kubeTime, number } from '../objects.ts';
import { conditionOf, type Finding, withCondition, without } from './conditions.ts';
import { type Counts, progressConditions } from './deployment-progress.ts';
import type { Generations } from './revisions.ts';
import type { Room } from './room.ts';
import { type Condition, counters, type Deployment, REVISION, type ReplicaSet } from './workloads.ts';

const REPLICA_FAILURE = 'ReplicaFailure';

/** The counters as the ReplicaSets' statuses give them. */
export function countsOf({ current, old }: Generations): Counts & { readonly terminatingReplicas: number } {
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
