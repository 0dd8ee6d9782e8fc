/** The row of a pod: its STATUS column sums up containers the way `printPod` does upstream. */
import { at, type Fields, fields, items, type KubeObject, number, text } from '../objects.ts';
import { age } from './ages.ts';

interface Summary {
  readonly status: string;
  readonly restarts: number;
  readonly ready: number;
  /** When a container was last restarted, RFC 3339. */
  readonly restartedAt: string | undefined;
}

function stateReason(state: Fields): string | undefined {
  const waiting = text(at(state, 'waiting', 'reason'));
  if (waiting) return waiting;
  if (state.terminated === undefined) return undefined;
  const reason = text(at(state, 'terminated', 'reason'));
  if (reason) return reason;
  const signal = number(at(state, 'terminated', 'signal')) ?? 0;
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${number(at(state, 'terminated', 'exitCode')) ?? 0}`;
}

/** The trouble of the first init container that is not done, as `Init:…`; undefined when all are done. */
function initTrouble(pod: KubeObject): string | undefined {
  const statuses = items(at(pod, 'status', 'initContainerStatuses'));
  const total = items(at(pod, 'spec', 'initContainers')).length;
  for (const [index, status] of statuses.entries()) {
    const state = fields(at(status, 'state'));
    if (at(state, 'terminated', 'exitCode') === 0) continue;
    const reason = stateReason(state);
    return reason && reason !== 'PodInitializing' ? `Init:${reason}` : `Init:${index}/${total}`;
  }
  return undefined;
}

function lastRestart(statuses: readonly unknown[]): string | undefined {
  const times = statuses.map((status) => text(at(status, 'lastState', 'terminated', 'finishedAt')) ?? '');
  return times.filter(Boolean).sort().at(-1);
}

function restartsOf(statuses: readonly unknown[]): number {
  return statuses.reduce<number>((sum, status) => sum + (number(at(status, 'restartCount')) ?? 0), 0);
}

function summary(pod: KubeObject): Summary {
  const phase = text(at(pod, 'status', 'reason')) ?? text(at(pod, 'status', 'phase')) ?? 'Unknown';
  const apps = items(at(pod, 'status', 'containerStatuses'));
  const inits = items(at(pod, 'status', 'initContainerStatuses'));
  const ready = apps.filter((status) => at(status, 'ready') === true && at(status, 'state', 'running')).length;
  const initializing = initTrouble(pod);
  const told = initializing === undefined ? apps : inits;
  const reasons = apps
    .map((status) => stateReason(fields(at(status, 'state'))))
    .filter((reason) => reason !== undefined);
  let status = initializing ?? reasons[0] ?? phase;
  const isReady = items(at(pod, 'status', 'conditions')).some(
    (condition) => at(condition, 'type') === 'Ready' && at(condition, 'status') === 'True',
  );
  if (status === 'Completed' && ready > 0) status = isReady ? 'Running' : 'NotReady';
  if (pod.metadata.deletionTimestamp !== undefined) status = 'Terminating';
  return { status, restarts: restartsOf(told), ready, restartedAt: lastRestart(told) };
}

export function podCells(pod: KubeObject): readonly unknown[] {
  const { status, restarts, ready, restartedAt } = summary(pod);
  const total = items(at(pod, 'spec', 'containers')).length;
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    status,
    restarts > 0 && restartedAt ? `${restarts} (${age(restartedAt)} ago)` : String(restarts),
    age(pod.metadata.creationTimestamp),
    text(at(pod, 'status', 'podIP')) || '<none>',
    text(at(pod, 'spec', 'nodeName')) || '<none>',
    text(at(pod, 'status', 'nominatedNodeName')) || '<none>',
    '<none>',
  ];
}
