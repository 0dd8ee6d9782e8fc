/** What speaks against a rollout: read from the new ReplicaSet and its pods, before any verdict. */
import type { Condition, ContainerView, PodView } from '../domain/workload.ts';
import { containerSign } from './container-signs.ts';
import { colon, quoted } from './quoted.ts';
import type { Severity, Trouble } from './trouble.ts';

export interface FailureSign {
  /** The same for as long as the same thing is wrong: the pass remembers when it first saw it. */
  readonly id: string;
  readonly about: Trouble;
  readonly severity: Severity;
  /** One line: `container app exits 1 (3 restarts)`. */
  readonly cause: string;
  /** What the node said, where the cause says it in fewer words. */
  readonly detail?: string;
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
 * @param replicas how many of them there should be
 */
export function failureSigns(
  conditions: readonly Condition[],
  conditionsAreOurs: boolean,
  pods: readonly PodView[],
  replicas = 1,
): readonly FailureSign[] {
  const [ended, alive] = [pods.filter(hasEnded), pods.filter((pod) => !hasEnded(pod))];
  return [
    ...alive.flatMap(podSigns),
    ...endedSigns(ended, replicas),
    ...replicaFailureSigns(conditions, conditionsAreOurs),
  ];
}

/** Evicted, preempted, turned away by the node: a container's own end never ends a Deployment's pod. */
function hasEnded(pod: PodView): boolean {
  return pod.phase === 'Failed';
}

/** One node can take every replica with it, and so can the next one: only what ends once more is no accident of a node. */
function endedTooOften(pods: readonly PodView[], replicas: number): boolean {
  return pods.length > 2 * Math.max(1, replicas);
}

/** An ended pod stays listed though the ReplicaSet has replaced it: it counts only when one after another ends. */
function endedSigns(pods: readonly PodView[], replicas: number): readonly FailureSign[] {
  const [pod] = pods.toSorted((one, other) => other.createdAt - one.createdAt);
  if (pod === undefined) return [];
  const reason = pod.reason === '' ? 'Failed' : pod.reason;
  const often = pods.length === 1 ? 'pod' : `${pods.length} pods`;
  return [
    {
      id: 'ended',
      about: 'ended',
      severity: endedTooOften(pods, replicas) ? 'strikes' : 'clock',
      cause: `${often} ${reason}${colon(pod.message)}`,
      group: 'ended',
      pod,
      active: true,
    },
  ];
}

function podSigns(pod: PodView): readonly FailureSign[] {
  const sign = (about: Trouble, severity: Severity, cause: string, container?: ContainerView): FailureSign => ({
    id: `${pod.uid}/${container?.name ?? ''}/${about}`,
    about,
    severity,
    cause,
    group: `${container?.name ?? ''}/${about}`,
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
      const { detail, active = true } = found;
      const seen = { ...sign(found.about, found.severity, found.cause, container), active };
      signs.push(detail === undefined ? seen : { ...seen, detail });
    }
  }
  const ready = pod.conditions.find((condition) => condition.type === 'Ready');
  // A readiness gate that nobody opens, or a node that is lost.
  if (
    signs.length === 0 &&
    ready?.status === 'False' &&
    pod.containers.every((container) => container.ready || container.role === 'init')
  ) {
    signs.push(
      sign('unready', 'clock', `pod is not ready though its containers are${colon(ready.message || pod.message)}`),
    );
  }
  return signs;
}

/** Pods could not be created: quota, admission, a missing service account. */
function replicaFailureSigns(conditions: readonly Condition[], areOurs: boolean): readonly FailureSign[] {
  const failure = conditions.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
  if (failure === undefined) return [];
  // A quota can be freed by the old pods of this very rollout; a webhook or a wrong spec says no for good.
  // A namespace on its way out takes the Deployment along, which is told then. A service may be called timeout.
  const words = failure.message.replace(/"[^"]*"/g, '');
  const quota = /exceeded quota|LimitRanger|time-?out|timed out|connection refused|being terminated/i.test(words);
  const final = /is forbidden|is invalid|denied the request/i.test(failure.message);
  return [
    {
      id: 'replica-failure',
      about: 'replica-failure',
      severity: final && !quota && areOurs ? 'at-once' : 'strikes',
      cause: `pods cannot be created: ${quoted(failure.message || failure.reason)}`,
      group: 'replica-failure',
      active: true,
    },
  ];
}
