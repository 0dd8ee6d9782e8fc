/** What speaks against a rollout: read from the new ReplicaSet and its pods, before any verdict. */
import type {
  Condition,
  ContainerExit,
  ContainerView,
  DeploymentView,
  PodView,
  ReplicaSetView,
} from '../domain/workload.ts';

/**
 * How a sign becomes a verdict. `at-once`: it cannot heal by itself. `soon`: so, when a second look still finds it.
 * `strikes`: it fails the rollout when it has lasted for the grace. `clock`: it may heal (an autoscaler, a slow volume)
 * and only explains a time-out.
 */
export type Severity = 'at-once' | 'soon' | 'strikes' | 'clock';

export interface FailureSign {
  /** The same for as long as the same thing is wrong: the pass remembers when it first saw it. */
  readonly id: string;
  readonly severity: Severity;
  /** One line: `container app exits 1 (3 restarts)`. */
  readonly cause: string;
  /** Signs of the same group differ only in the pod. */
  readonly group: string;
  readonly pod?: PodView;
  readonly container?: ContainerView;
  /** Whether it is seen in this very look; a crashed container that runs again at the moment is not. */
  readonly active: boolean;
}

/** All signs against the rollout whose ReplicaSet and pods these are. Old and terminating pods must be left out. */
export function failureSigns(
  deployment: DeploymentView,
  replicaSet: ReplicaSetView | undefined,
  pods: readonly PodView[],
): readonly FailureSign[] {
  const fromPods = pods.flatMap((pod) => podSigns(pod));
  const conditions = replicaSet === undefined ? deployment.conditions : replicaSet.conditions;
  return [...fromPods, ...replicaFailureSigns(conditions)];
}

function podSigns(pod: PodView): readonly FailureSign[] {
  const sign = (id: string, severity: Severity, cause: string, container?: ContainerView): FailureSign => ({
    id: `${pod.uid}/${container?.name ?? ''}/${id}`,
    severity,
    cause,
    group: `${container?.name ?? ''}/${id}`,
    pod,
    ...(container === undefined ? {} : { container }),
    active: true,
  });

  if (pod.phase === 'Failed') {
    const reason = pod.reason === '' ? 'Failed' : pod.reason;
    // An evicted or preempted pod is replaced; only when it goes on does it fail the rollout.
    return [sign('phase', 'strikes', `pod ${reason}${colon(pod.message)}`)];
  }
  const signs: FailureSign[] = [];
  const scheduled = pod.conditions.find((condition) => condition.type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    signs.push(sign('unscheduled', 'clock', `pod cannot be scheduled: ${scheduled.message || scheduled.reason}`));
  }
  for (const container of pod.containers) {
    const found = containerSign(container);
    if (found !== undefined) {
      signs.push({ ...sign(found.id, found.severity, found.cause, container), active: found.active ?? true });
    }
  }
  return signs;
}

interface ContainerSign {
  readonly id: string;
  readonly severity: Severity;
  readonly cause: string;
  readonly active?: boolean;
}

function containerSign(container: ContainerView): ContainerSign | undefined {
  // Somebody debugs with an ephemeral container; how it ends says nothing about the version.
  if (container.role === 'ephemeral') return undefined;
  switch (container.state.kind) {
    case 'waiting':
      return waitingSign(container, container.state.reason, container.state.message);
    case 'terminated':
      return exitSign(container, container.state.exit);
    case 'running':
      return runningSign(container);
    case 'unknown':
      return undefined;
    default:
      return container.state satisfies never;
  }
}

/** Pull errors that no further try can mend: the registry has answered, and the answer was no. */
const PULL_IS_FINAL =
  /not found|manifest unknown|name unknown|does not exist|unauthorized|authentication required|access denied|denied|no match for platform|invalid reference format/i;
/** kubelets say this while their caches fill; it heals by itself. */
const CACHE_NOT_SYNCED = /failed to sync .* cache/i;

function waitingSign(container: ContainerView, reason: string, message: string): ContainerSign | undefined {
  const name = nameOf(container);
  switch (reason) {
    case 'InvalidImageName':
      return { id: 'image', severity: 'at-once', cause: `${name}: image ${container.image} is not a valid name` };
    case 'ErrImageNeverPull':
      return { id: 'image', severity: 'at-once', cause: `${name}: image ${container.image} is not on the node and its pull policy is Never` };
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ImageInspectError':
    case 'RegistryUnavailable':
      return {
        id: 'image',
        severity: PULL_IS_FINAL.test(message) ? 'at-once' : 'strikes',
        cause: `${name}: image ${container.image} cannot be pulled (${reason}${colon(message)})`,
      };
    case 'CreateContainerConfigError':
      return {
        id: 'config',
        severity: CACHE_NOT_SYNCED.test(message) ? 'clock' : 'soon',
        cause: `${name} cannot be configured${colon(message)}`,
      };
    case 'CrashLoopBackOff':
      return { id: 'crash', severity: 'strikes', cause: crashCause(container, container.lastExit) };
    case 'CreateContainerError':
    case 'RunContainerError':
    case 'StartError':
    case 'PostStartHookError':
    case 'PreCreateHookError':
    case 'PreStartHookError':
      return { id: 'start', severity: 'strikes', cause: `${name} cannot start (${reason}${colon(message)})` };
    case 'PodInitializing':
    case 'ContainerCreating':
    case '':
      // A container that crashed and is about to run again is still the same trouble.
      return container.restartCount > 0 ? runningSign(container) : undefined;
    default:
      return { id: 'waiting', severity: 'clock', cause: `${name} waits (${reason}${colon(message)})` };
  }
}

function exitSign(container: ContainerView, exit: ContainerExit): ContainerSign | undefined {
  // An init container that ended well has done its work.
  if (exit.exitCode === 0 && container.role === 'init') return undefined;
  return { id: 'crash', severity: 'strikes', cause: crashCause(container, exit) };
}

function runningSign(container: ContainerView): ContainerSign | undefined {
  // A crash loop without a probe is ready between two crashes: the sign stays, so that it keeps its age.
  if (container.restartCount > 0 && container.lastExit !== undefined) {
    return { id: 'crash', severity: 'strikes', cause: crashCause(container, container.lastExit), active: false };
  }
  if (container.ready || container.role === 'init') return undefined;
  const probe = container.readinessProbe === undefined ? '' : `: readiness probe ${container.readinessProbe} does not succeed`;
  return { id: 'unready', severity: 'clock', cause: `${nameOf(container)} runs but is not ready${probe}` };
}

function crashCause(container: ContainerView, exit: ContainerExit | undefined): string {
  const count = container.restartCount;
  const restarts = count === 0 ? '' : ` (${count} restart${count === 1 ? '' : 's'})`;
  return `${nameOf(container)} ${exit === undefined ? 'crashes' : exitText(container, exit)}${restarts}`;
}

function exitText(container: ContainerView, exit: ContainerExit): string {
  if (exit.reason === 'OOMKilled') {
    const limit = container.memoryLimit === undefined ? '' : ` at its limit of ${container.memoryLimit}`;
    return `was killed for its memory (OOMKilled${limit})`;
  }
  if (exit.reason === 'ContainerCannotRun' || exit.reason === 'StartError') {
    return `cannot start (exit ${exit.exitCode}${colon(exit.message)})`;
  }
  const signal = exit.signal > 0 ? exit.signal : exit.exitCode > 128 && exit.exitCode <= 159 ? exit.exitCode - 128 : 0;
  const ended = `exits ${exit.exitCode}${signal === 0 ? '' : ` (signal ${signal})`}`;
  return exit.message === '' ? ended : `${ended}: ${oneLine(exit.message)}`;
}

function nameOf(container: ContainerView): string {
  return container.role === 'init' ? `init container ${container.name}` : `container ${container.name}`;
}

/** The ReplicaSet controller could not create or delete pods: quota, admission, a missing service account. */
function replicaFailureSigns(conditions: readonly Condition[]): readonly FailureSign[] {
  const failure = conditions.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
  if (failure === undefined) return [];
  // A quota can be freed by the old pods of this very rollout; a webhook or a wrong spec says no for good.
  const quota = /exceeded quota|LimitRanger|timeout|timed out|connection refused/i.test(failure.message);
  const final = /is forbidden|is invalid|denied the request/i.test(failure.message);
  return [
    {
      id: 'replica-failure',
      severity: final && !quota ? 'at-once' : 'strikes',
      cause: `pods cannot be created: ${oneLine(failure.message || failure.reason)}`,
      group: 'replica-failure',
      active: true,
    },
  ];
}

function colon(message: string): string {
  return message === '' ? '' : `: ${oneLine(message)}`;
}

const MAX_QUOTED = 300;

function oneLine(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line;
}
