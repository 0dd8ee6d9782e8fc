/**
 * What the engine knows of the cluster's objects: the few fields its rules read, already checked and typed.
 * The cluster room makes these from API answers; the rollout and reconcile rooms judge by them. Times are epoch ms.
 */

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** `lastUpdateTime` where the object has one, else `lastTransitionTime`; 0 when the server gave neither. */
  readonly updatedAt: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** As written in the object, e.g. `256Mi`. */
  readonly memoryLimit?: string;
  /** How readiness is probed, for people: `GET :8080/healthz`, `tcp :5432`, `exec pg_isready`, `grpc :9000`. */
  readonly readinessProbe?: string;
}

export interface DeploymentView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly deleting: boolean;
  /** `spec.replicas`, 1 when the field is absent. */
  readonly replicas: number;
  readonly paused: boolean;
  /** Undefined when the object has none or the "never" value (the largest int32). */
  readonly progressDeadlineSeconds?: number;
  readonly minReadySeconds: number;
  /** In the order of the template: the JSON Patch addresses them by index. */
  readonly containers: readonly ContainerSpec[];
  readonly observedGeneration: number;
  readonly statusReplicas: number;
  readonly updatedReplicas: number;
  readonly availableReplicas: number;
  readonly conditions: readonly Condition[];
  /** Who last set an image of the pod template, from `managedFields`; undefined when the server does not say. */
  readonly templateManager?: string;
}

export interface ReplicaSetView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly ownerUid: string;
  /** As `revisionOf` reads it. */
  readonly revision: number;
  readonly containers: readonly ContainerSpec[];
  readonly replicas: number;
  readonly conditions: readonly Condition[];
}

/** The image of a container; undefined when there is none of this name. */
export function imageOf({ containers }: Pick<DeploymentView, 'containers'>, name: string): string | undefined {
  return containers.find((container) => container.name === name)?.image;
}

const REVISION = 'deployment.kubernetes.io/revision';

/** The revision the Deployment controller noted on a Deployment or a ReplicaSet; 0 when it has not. */
export function revisionOf(annotations: Readonly<Record<string, string>>): number {
  const revision = Number.parseInt(annotations[REVISION] ?? '', 10);
  return Number.isNaN(revision) ? 0 : revision;
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running'; readonly startedAt: number }
  | { readonly kind: 'terminated'; readonly exit: ContainerExit }
  | { readonly kind: 'unknown' };

export interface ContainerExit {
  readonly exitCode: number;
  readonly signal: number;
  readonly reason: string;
  readonly message: string;
  readonly finishedAt: number;
}

export type ContainerRole = 'init' | 'sidecar' | 'app' | 'ephemeral';

export interface ContainerView {
  readonly name: string;
  /** An init container with `restartPolicy: Always` is a sidecar. */
  readonly role: ContainerRole;
  readonly image: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastExit?: ContainerExit;
  readonly memoryLimit?: string;
  readonly readinessProbe?: string;
}

export interface PodView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly ownerUid: string;
  readonly deleting: boolean;
  readonly createdAt: number;
  readonly phase: string;
  /** `status.reason`, e.g. `Evicted`; empty when absent. */
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly Condition[];
  readonly containers: readonly ContainerView[];
}

/** A Kubernetes Event about one object: evidence for people, never a verdict. */
export interface EventView {
  readonly reason: string;
  readonly message: string;
  /** `Normal` or `Warning`. */
  readonly type: string;
  /** How often it was seen, at least 1. */
  readonly count: number;
  readonly lastAt: number;
  readonly involvedUid: string;
}
