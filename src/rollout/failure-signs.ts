/** What speaks against a rollout: read from the new ReplicaSet and its pods, before any verdict. */
import type { Condition, ContainerExit, ContainerView, PodView } from '../domain/workload.ts';
import { isFinalPullError } from './pull-errors.ts';

/**
 * How a sign becomes a verdict. `at-once`: it cannot heal by itself. `soon`: so, when a second look still finds it.
 * `strikes`: it fails the rollout when it has lasted for the grace. `clock`: it may heal (an autoscaler, a slow volume)
 * and only explains a time-out.
 */
export type Severity = (typeof SEVERITIES)[number];

/** Gravest first. */
export const SEVERITIES = ['at-once', 'soon', 'strikes', 'clock'] as const;

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

/**
 * All signs against a rollout.
 *
 * @param conditions of the new ReplicaSet, or of the Deployment where ReplicaSets cannot be read
 * @param conditionsAreOurs false for the Deployment's: they can be left over from an older ReplicaSet
 * @param pods of the new ReplicaSet; terminating ones must be left out
 */
export function failureSigns(
  conditions: readonly Condition[],
  conditionsAreOurs: boolean,
  pods: readonly PodView[],
): readonly FailureSign[] {
  const [ended, alive] = [pods.filter(hasEnded), pods.filter((pod) => !hasEnded(pod))];
  return [...alive.flatMap(podSigns), ...endedSigns(ended), ...replicaFailureSigns(conditions, conditionsAreOurs)];
}

/** Evicted, preempted, turned away by the node: a container's own end never ends a Deployment's pod. */
function hasEnded(pod: PodView): boolean {
  return pod.phase === 'Failed';
}

/** So many pods that ended one after the other are no accident of a node. */
const ENDED_TOO_OFTEN = 3;

/** A pod that ended stays listed while the ReplicaSet has made another one: only when it goes on does it count. */
function endedSigns(pods: readonly PodView[]): readonly FailureSign[] {
  const [pod] = pods.toSorted((one, other) => other.createdAt - one.createdAt);
  if (pod === undefined) return [];
  const reason = pod.reason === '' ? 'Failed' : pod.reason;
  const often = pods.length === 1 ? 'pod' : `${pods.length} pods`;
  return [
    {
      id: 'ended',
      severity: pods.length >= ENDED_TOO_OFTEN ? 'strikes' : 'clock',
      cause: `${often} ${reason}${colon(pod.message)}`,
      group: 'ended',
      pod,
      active: true,
    },
  ];
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

/** kubelets say this while their caches fill; it heals by itself. */
const CACHE_NOT_SYNCED = /failed to sync .* cache/i;

function waitingSign(container: ContainerView, reason: string, message: string): ContainerSign | undefined {
  const name = nameOf(container);
  switch (reason) {
    case 'InvalidImageName':
      return { id: 'image', severity: 'at-once', cause: `${name}: image ${container.image} is not a valid name` };
    case 'ErrImageNeverPull':
      return {
        id: 'image',
        severity: 'at-once',
        cause: `${name}: image ${container.image} is not on the node and its pull policy is Never`,
      };
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ImageInspectError':
    case 'RegistryUnavailable':
      return {
        id: 'image',
        severity: isFinalPullError(container.image, message) ? 'at-once' : 'strikes',
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
    case 'ContainerCreating':
      return crashedBefore(container) ?? { id: 'creating', severity: 'clock', cause: `${name} is not created yet` };
    case 'PodInitializing':
    case '':
      return crashedBefore(container);
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
  const crashed = crashedBefore(container);
  if (crashed !== undefined || container.ready) return crashed;
  const name = nameOf(container);
  if (container.role === 'init') return { id: 'initializing', severity: 'clock', cause: `${name} has not ended yet` };
  const probe =
    container.readinessProbe === undefined ? '' : `: readiness probe ${container.readinessProbe} does not succeed`;
  return { id: 'unready', severity: 'clock', cause: `${name} runs but is not ready${probe}` };
}

/** A crash loop without a probe is ready between two crashes: the sign stays, so that it keeps its age. */
function crashedBefore(container: ContainerView): ContainerSign | undefined {
  if (container.restartCount === 0 || container.lastExit === undefined) return undefined;
  return { id: 'crash', severity: 'strikes', cause: crashCause(container, container.lastExit), active: false };
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

/** Pods could not be created: quota, admission, a missing service account. */
function replicaFailureSigns(conditions: readonly Condition[], areOurs: boolean): readonly FailureSign[] {
  const failure = conditions.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
  if (failure === undefined) return [];
  // A quota can be freed by the old pods of this very rollout; a webhook or a wrong spec says no for good.
  const quota = /exceeded quota|LimitRanger|timeout|timed out|connection refused/i.test(failure.message);
  const final = /is forbidden|is invalid|denied the request/i.test(failure.message);
  return [
    {
      id: 'replica-failure',
      severity: final && !quota && areOurs ? 'at-once' : 'strikes',
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
