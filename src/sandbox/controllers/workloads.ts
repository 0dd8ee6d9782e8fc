/** Deployments and ReplicaSets as their controllers read them: typed, with the API's defaults filled in. */
import { at, type Fields, fields, isFields, items, type KubeObject, number, text } from '../objects.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export interface Deployment {
  readonly object: KubeObject;
  readonly name: string;
  readonly namespace: string;
  readonly generation: number;
  readonly replicas: number;
  readonly paused: boolean;
  readonly minReadySeconds: number;
  /** Undefined when progress is never judged. */
  readonly progressDeadlineSeconds: number | undefined;
  readonly revisionHistoryLimit: number;
  readonly template: Fields;
  readonly strategy: 'RollingUpdate' | 'Recreate';
  /** Pods above `replicas` that a rollout may have; 0 for Recreate. */
  readonly maxSurge: number;
  /** Pods below `replicas` that may be missing. */
  readonly maxUnavailable: number;
  readonly status: DeploymentStatus;
}

export interface DeploymentStatus {
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly conditions: readonly Condition[];
}

export interface ReplicaSet {
  readonly object: KubeObject;
  readonly name: string;
  readonly uid: string;
  readonly revision: number;
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly template: Fields;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly status: ReplicaSetStatus;
}

export interface ReplicaSetStatus {
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly terminatingReplicas: number;
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
}

export const REVISION = 'deployment.kubernetes.io/revision';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** The largest int32 stands for "never", as kubectl and the API use it. */
const NEVER = 2_147_483_647;

export function readDeployment(object: KubeObject): Deployment {
  const spec = fields(object.spec);
  const replicas = number(spec.replicas) ?? 1;
  const deadline = number(spec.progressDeadlineSeconds) ?? 600;
  const strategy = text(at(spec, 'strategy', 'type')) === 'Recreate' ? 'Recreate' : 'RollingUpdate';
  return {
    object,
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? '',
    generation: object.metadata.generation ?? 1,
    replicas,
    paused: spec.paused === true,
    minReadySeconds: number(spec.minReadySeconds) ?? 0,
    progressDeadlineSeconds: deadline === NEVER ? undefined : deadline,
    revisionHistoryLimit: number(spec.revisionHistoryLimit) ?? 10,
    template: fields(spec.template),
    strategy,
    ...limits(strategy, replicas, fields(at(spec, 'strategy', 'rollingUpdate'))),
    status: readDeploymentStatus(fields(object.status)),
  };
}

/** Percents round up for the surge and down for the unavailable; when both come to 0, one pod may be missing. */
function limits(strategy: Deployment['strategy'], replicas: number, rolling: Fields) {
  if (strategy === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = scaled(rolling.maxSurge ?? '25%', replicas, Math.ceil);
  const unavailable = scaled(rolling.maxUnavailable ?? '25%', replicas, Math.floor);
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable;
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

function scaled(value: unknown, whole: number, round: (value: number) => number): number {
  const percent = /^(\d+)%$/.exec(text(value) ?? '')?.[1];
  return percent === undefined ? (number(value) ?? 0) : round((Number(percent) * whole) / 100);
}

function readDeploymentStatus(status: Fields): DeploymentStatus {
  return {
    replicas: number(status.replicas) ?? 0,
    updatedReplicas: number(status.updatedReplicas) ?? 0,
    readyReplicas: number(status.readyReplicas) ?? 0,
    availableReplicas: number(status.availableReplicas) ?? 0,
    conditions: readConditions(status),
  };
}

export function readReplicaSet(object: KubeObject): ReplicaSet {
  const { name, uid, annotations = {}, creationTimestamp } = object.metadata;
  const spec = fields(object.spec);
  const status = fields(object.status);
  return {
    object,
    name,
    uid,
    revision: Number.parseInt(annotations[REVISION] ?? '', 10) || 0,
    replicas: number(spec.replicas) ?? 1,
    minReadySeconds: number(spec.minReadySeconds) ?? 0,
    template: fields(spec.template),
    annotations,
    createdAt: creationTimestamp,
    status: {
      replicas: number(status.replicas) ?? 0,
      readyReplicas: number(status.readyReplicas) ?? 0,
      availableReplicas: number(status.availableReplicas) ?? 0,
      terminatingReplicas: number(status.terminatingReplicas) ?? 0,
      observedGeneration: number(status.observedGeneration) ?? 0,
      conditions: readConditions(status),
    },
  };
}

function readConditions(status: Fields): readonly Condition[] {
  return items(status.conditions)
    .filter(isFields)
    .map((condition) => ({
      ...condition,
      type: text(condition.type) ?? '',
      status: text(condition.status) ?? 'Unknown',
      lastTransitionTime: text(condition.lastTransitionTime) ?? '',
      reason: text(condition.reason) ?? '',
      message: text(condition.message) ?? '',
    }));
}

/** Counters that are 0 are left out of a status, as Go leaves them out. */
export function counters(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));
}
