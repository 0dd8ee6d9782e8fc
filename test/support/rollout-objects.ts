/** What a rollout of web/prod from 1.24.0 to 1.25.0 looks like in the cluster, as the engine sees it. Times in epoch ms. */
import type {
  Condition,
  ContainerExit,
  ContainerState,
  ContainerView,
  DeploymentView,
  PodView,
  ReplicaSetView,
} from '../../src/domain/workload.ts';

export const OLD_IMAGE = 'registry.example/web:1.24.0';
export const NEW_IMAGE = 'registry.example/web:1.25.0';
/** When the patch was sent. */
export const PATCHED_AT = Date.UTC(2026, 0, 31, 12);
/** The generation the patch was answered with. */
export const PATCHED_GENERATION = 2;

/** One replica, surging: the old pod serves, the new one is not available yet. */
export function deployment(change: Partial<DeploymentView> = {}): DeploymentView {
  return {
    name: 'web',
    namespace: 'prod',
    uid: 'deployment-1',
    resourceVersion: '100',
    generation: PATCHED_GENERATION,
    annotations: { 'deployment.kubernetes.io/revision': '2' },
    deleting: false,
    replicas: 1,
    paused: false,
    progressDeadlineSeconds: 600,
    minReadySeconds: 0,
    containers: [{ name: 'web', image: NEW_IMAGE }],
    observedGeneration: PATCHED_GENERATION,
    statusReplicas: 2,
    updatedReplicas: 1,
    availableReplicas: 1,
    conditions: [progressing('True', 'ReplicaSetUpdated')],
    templateManager: 'deployment-k8s-engine',
    ...change,
  };
}

/** `replicas` of the new version, all available, none of the old. */
export function complete(replicas = 1, change: Partial<DeploymentView> = {}): Partial<DeploymentView> {
  return {
    replicas,
    statusReplicas: replicas,
    updatedReplicas: replicas,
    availableReplicas: replicas,
    conditions: [progressing('True', 'NewReplicaSetAvailable')],
    ...change,
  };
}

/** As the previous rollout left it: the controller has not looked at the patch. */
export function unobserved(change: Partial<DeploymentView> = {}): Partial<DeploymentView> {
  return { ...complete(), observedGeneration: PATCHED_GENERATION - 1, ...change };
}

export function progressing(status: Condition['status'], reason: string, updatedAt = PATCHED_AT): Condition {
  return { type: 'Progressing', status, reason, message: '', updatedAt };
}

export function replicaFailure(message: string): Condition {
  return { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message, updatedAt: PATCHED_AT };
}

export function replicaSet(revision: number, image: string, change: Partial<ReplicaSetView> = {}): ReplicaSetView {
  return {
    name: `web-${revision}`,
    namespace: 'prod',
    uid: `replica-set-${revision}`,
    ownerUid: 'deployment-1',
    revision,
    containers: [{ name: 'web', image }],
    replicas: 1,
    conditions: [],
    ...change,
  };
}

export const OLD_SET = replicaSet(1, OLD_IMAGE);
export const NEW_SET = replicaSet(2, NEW_IMAGE);

/** A pod of the new ReplicaSet. */
export function pod(containers: ContainerView | readonly ContainerView[], change: Partial<PodView> = {}): PodView {
  const name = change.name ?? 'web-2-abcde';
  return {
    name,
    namespace: 'prod',
    uid: name,
    ownerUid: NEW_SET.uid,
    deleting: false,
    createdAt: PATCHED_AT + 1_000,
    phase: 'Pending',
    reason: '',
    message: '',
    conditions: [{ type: 'PodScheduled', status: 'True', reason: '', message: '', updatedAt: PATCHED_AT }],
    containers: [containers].flat(),
    ...change,
  };
}

export function container(state: ContainerState, change: Partial<ContainerView> = {}): ContainerView {
  return { name: 'web', role: 'app', image: NEW_IMAGE, ready: false, restartCount: 0, state, ...change };
}

export function waiting(reason: string, message = '', change: Partial<ContainerView> = {}): ContainerView {
  return container({ kind: 'waiting', reason, message }, change);
}

export function running(change: Partial<ContainerView> = {}): ContainerView {
  return container({ kind: 'running', startedAt: PATCHED_AT + 2_000 }, { ready: true, ...change });
}

export function exit(exitCode: number, change: Partial<ContainerExit> = {}): ContainerExit {
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  return { exitCode, signal: 0, reason, message: '', finishedAt: PATCHED_AT + 5_000, ...change };
}

export function terminated(how: ContainerExit, change: Partial<ContainerView> = {}): ContainerView {
  return container({ kind: 'terminated', exit: how }, change);
}

/** Between two tries of a container that ended `how`. */
export function crashLooping(
  how: ContainerExit,
  restartCount: number,
  change: Partial<ContainerView> = {},
): ContainerView {
  const message = 'back-off 10s restarting failed container=web pod=web-2-abcde_prod';
  return waiting('CrashLoopBackOff', message, { restartCount, lastExit: how, ...change });
}
