/** A pod's phase and conditions, as a kubelet derives them from its containers. */
import type { ContainerStatus } from './container-life.ts';
import type { PodShape } from './pod-shape.ts';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly lastProbeTime: null;
  readonly lastTransitionTime: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface PodView {
  readonly pod: PodShape;
  /** Init containers and sidecars. */
  readonly initStatuses: readonly ContainerStatus[];
  readonly appStatuses: readonly ContainerStatus[];
}

/** A container that waits to be restarted counts as stopped, not as waiting: a crash loop is Running. */
export function podPhase({ pod, initStatuses, appStatuses }: PodView): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
  const exits = [...initStatuses, ...appStatuses].map(exitCode);
  const gaveUp = pod.restartPolicy === 'Never' && initStatuses.some((status) => (exitCode(status) ?? 0) !== 0);
  if (gaveUp) return 'Failed';
  if (initStatuses.some((status) => !isInitialised(status))) return 'Pending';
  if (appStatuses.some((status) => 'waiting' in status.state && !('terminated' in status.lastState))) return 'Pending';
  if (pod.restartPolicy === 'Always' || exits.some((code) => code === undefined)) return 'Running';
  const failed = appStatuses.some((status) => exitCode(status) !== 0);
  if (!failed) return 'Succeeded';
  return pod.restartPolicy === 'Never' ? 'Failed' : 'Running';
}

function exitCode(status: ContainerStatus): number | undefined {
  return 'terminated' in status.state ? status.state.terminated.exitCode : undefined;
}

function isInitialised(status: ContainerStatus): boolean {
  return status.started || exitCode(status) === 0;
}

/** The conditions now; one whose status stays keeps the time of its last change. */
export function podConditions(view: PodView, before: readonly Condition[], now: string): readonly Condition[] {
  const { initStatuses, appStatuses } = view;
  const uninitialised = names(initStatuses.filter((status) => !isInitialised(status)));
  const roleOf = (name: string) => view.pod.containers.find((container) => container.name === name)?.role;
  const sidecars = initStatuses.filter(({ name }) => roleOf(name) === 'sidecar');
  const unready = names([...sidecars, ...appStatuses].filter((status) => !status.ready));
  const hasSandbox = [...initStatuses, ...appStatuses].some((status) => status.containerID !== undefined);
  const notReady =
    unready === undefined
      ? undefined
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready}]` };
  const notInitialised =
    uninitialised === undefined
      ? undefined
      : { reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${uninitialised}]` };

  const wanted: readonly (readonly [type: string, problem: object | undefined])[] = [
    ['PodReadyToStartContainers', hasSandbox ? undefined : {}],
    ['Initialized', notInitialised],
    ['Ready', notReady],
    ['ContainersReady', notReady],
    ['PodScheduled', undefined],
  ];
  return wanted.map(([type, problem]) => {
    const status = problem === undefined ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
    return { type, status, lastProbeTime: null, lastTransitionTime, ...problem };
  });
}

function names(statuses: readonly ContainerStatus[]): string | undefined {
  return statuses.length === 0 ? undefined : statuses.map((status) => status.name).join(' ');
}
