/** One container's life as a kubelet would report it: an endless or ending series of moments, in pod time. */
import { createHash } from 'node:crypto';
import type { ContainerRule } from './pod-rules.ts';
import type { ContainerShape, PodShape } from './pod-shape.ts';

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
}

export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

/** An entry of `status.containerStatuses`. */
export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState | Readonly<Record<string, never>>;
}

/** What a kubelet or the scheduler would tell as an Event; the same told again is one Event with a higher count. */
export interface PodEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component: 'kubelet' | 'default-scheduler';
  /** `spec.containers{app}`; absent when the event speaks of the pod. */
  readonly fieldPath?: string;
}

export interface ContainerMoment {
  readonly atMs: number;
  readonly status: ContainerStatus;
  readonly events: readonly PodEvent[];
}

/** A container in its pod. `timeOf` turns pod time into what the status shows: RFC 3339 with whole seconds. */
export interface ContainerLife {
  readonly pod: PodShape;
  readonly container: ContainerShape;
  readonly rule: ContainerRule;
  readonly timeOf: (atMs: number) => string;
}

/** How long an image takes to arrive and its container to be created. */
export const PULL_MS = 1_000;

/** 10 s, 20 s, 40 s … 5 min: the nth wait of a kubelet, n from 0. */
export function backOffMs(nth: number): number {
  return Math.min(10_000 * 2 ** nth, 300_000);
}

/** The status of a container that has not run. */
export function waitingStatus({ name, image }: ContainerShape, reason: string, message?: string): ContainerStatus {
  return {
    name,
    image,
    imageID: '',
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
    lastState: {},
  };
}

/** The status of the nth run of a container (n from 0), running and not ready. */
export function runningStatus(life: ContainerLife, startMs: number, run: number, last?: Terminated): ContainerStatus {
  const { name, image, role } = life.container;
  return {
    name,
    image,
    imageID: `${image.replace(/[:@][^/]*$/, '')}@sha256:${digest(image)}`,
    containerID: containerId(life, run),
    ready: false,
    started: role !== 'init',
    restartCount: run,
    state: { running: { startedAt: life.timeOf(startMs) } },
    lastState: last === undefined ? {} : { terminated: last },
  };
}

/** The record of a run that ended. */
export function terminated(
  life: ContainerLife,
  run: number,
  period: { readonly fromMs: number; readonly toMs: number },
  how: { readonly reason: string; readonly exitCode: number; readonly message?: string | undefined },
): Terminated {
  return {
    exitCode: how.exitCode,
    reason: how.reason,
    ...(how.message === undefined ? {} : { message: how.message }),
    startedAt: life.timeOf(period.fromMs),
    finishedAt: life.timeOf(period.toMs),
    containerID: containerId(life, run),
  };
}

/** From the pull on: runs, and is ready in time (an init container: is done in time), or never. */
export function* runsWell(life: ContainerLife, startMs: number, run: number, last?: Terminated) {
  const { container, rule } = life;
  if (container.role === 'init') {
    yield* runsToItsEnd(life, startMs, run, last);
    return;
  }
  const readyMs = startMs + (rule.kind === 'ready' ? Math.max(0, rule.afterMs - PULL_MS) : 0);
  // Without a readiness probe a container that runs is ready: what takes long is then its way there.
  const fromMs = container.probed || rule.kind === 'never-ready' ? startMs : readyMs;
  const status = runningStatus(life, fromMs, run, last);
  const events = [pulledEvent(life), ...startEvents(life)];
  if (rule.kind === 'never-ready') {
    yield { atMs: fromMs, status, events };
    yield* failsItsProbe(life, fromMs, status, rule.message);
    return;
  }
  if (fromMs < readyMs) yield { atMs: fromMs, status, events };
  yield { atMs: readyMs, status: { ...status, ready: true }, events: fromMs < readyMs ? [] : events };
}

function* runsToItsEnd(life: ContainerLife, startMs: number, run: number, last?: Terminated) {
  const status = runningStatus(life, startMs, run, last);
  yield { atMs: startMs, status, events: [pulledEvent(life), ...startEvents(life)] };
  const toMs = startMs + (life.rule.kind === 'ready' ? life.rule.afterMs : 0);
  const done = terminated(life, run, { fromMs: startMs, toMs }, { reason: 'Completed', exitCode: 0 });
  yield { atMs: toMs, status: { ...status, ready: true, state: { terminated: done } }, events: [] };
}

/** A kubelet's spam filter thins the endless complaint out; the status stays as it is. */
function* failsItsProbe(life: ContainerLife, fromMs: number, status: ContainerStatus, why: string) {
  let atMs = fromMs;
  for (let nth = 0; ; nth += 1) {
    atMs += nth === 0 ? 1_000 : backOffMs(nth - 1);
    yield { atMs, status, events: [podEvent(life, 'Warning', 'Unhealthy', `Readiness probe failed: ${why}`)] };
  }
}

export function startsPulling(life: ContainerLife, atMs: number): ContainerMoment {
  const { container } = life;
  const events = [podEvent(life, 'Normal', 'Pulling', `Pulling image "${container.image}"`)];
  return { atMs, status: waitingStatus(container, 'ContainerCreating'), events };
}

export function pulledEvent(life: ContainerLife): PodEvent {
  const { image } = life.container;
  return podEvent(life, 'Normal', 'Pulled', `Successfully pulled image "${image}" in 1s (1s including waiting)`);
}

export function presentEvent(life: ContainerLife): PodEvent {
  const { image } = life.container;
  return podEvent(life, 'Normal', 'Pulled', `Container image "${image}" already present on machine`);
}

export function startEvents(life: ContainerLife): readonly PodEvent[] {
  return [
    podEvent(life, 'Normal', 'Created', `Container created`),
    podEvent(life, 'Normal', 'Started', 'Container started'),
  ];
}

export function podEvent(
  { container }: ContainerLife,
  type: PodEvent['type'],
  reason: string,
  message: string,
): PodEvent {
  const list = container.role === 'app' ? 'containers' : 'initContainers';
  return { type, reason, message, component: 'kubelet', fieldPath: `spec.${list}{${container.name}}` };
}

function containerId({ pod, container }: ContainerLife, run: number): string {
  return `containerd://${digest(`${pod.uid}/${container.name}/${run}`)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
