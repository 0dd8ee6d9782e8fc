/**
 * A pod's life under a rule: what its status shows, what its events tell, and when that changes next. Everything follows
 * from the rule, the pod and the elapsed pod time, so two who play the same pod say the same.
 */
import { containerMoments } from './container-failures.ts';
import { type ContainerMoment, type ContainerStatus, type PodEvent, waitingStatus } from './container-life.ts';
import { type Condition, podConditions, podPhase } from './pod-conditions.ts';
import type { ContainerRule, PodRule } from './pod-rules.ts';
import type { ContainerShape, PodShape } from './pod-shape.ts';

/** `status` of a pod, as JSON. */
export interface PodStatus {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly reason?: string;
  readonly message?: string;
  readonly conditions: readonly Condition[];
  readonly hostIP?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly startTime?: string;
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly qosClass: 'BestEffort';
}

export interface PodStep {
  /** Pod time since its creation. */
  readonly atMs: number;
  readonly status: PodStatus;
  /** What happened at this moment. */
  readonly events: readonly PodEvent[];
  /** Whether a node has been chosen. */
  readonly scheduled: boolean;
}

export interface PodLife {
  readonly rule: PodRule;
  readonly pod: PodShape;
  /** Turns pod time into what the status shows: RFC 3339 with whole seconds. */
  readonly timeOf: (atMs: number) => string;
}

/** The pod's steps in order of time; a crash loop never ends, a pod that came to rest does. */
export function* podSteps(life: PodLife): Generator<PodStep, void> {
  const { rule } = life;
  if (rule.kind === 'unschedulable') {
    yield unschedulable(life, rule.message);
    return;
  }
  const endsMs = rule.kind === 'evicted' ? rule.afterMs : Number.POSITIVE_INFINITY;
  let last: PodStep | undefined;
  for (const step of runningSteps(life, rule.containers)) {
    if (step.atMs >= endsMs) break;
    yield step;
    last = step;
  }
  if (rule.kind === 'evicted') yield evicted(life, rule, last);
}

export interface PodStatusAt {
  readonly status: PodStatus;
  /** Pod time of the next step; undefined when there is none. */
  readonly nextChangeMs?: number;
}

/** The status after so much pod time, and when it changes next. Times in it count from `createdAtMs` (epoch). */
export function podStatusAt(rule: PodRule, pod: PodShape, elapsedMs: number, createdAtMs = 0): PodStatusAt {
  const timeOf = (atMs: number) => new Date(createdAtMs + atMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
  let current: PodStep | undefined;
  for (const step of podSteps({ rule, pod, timeOf })) {
    if (current !== undefined && step.atMs > elapsedMs) return { status: current.status, nextChangeMs: step.atMs };
    current = step;
  }
  if (current === undefined) throw new Error(`the life of pod ${pod.name} has no beginning`);
  return { status: current.status };
}

interface Track {
  readonly container: ContainerShape;
  readonly moments: Iterator<ContainerMoment, void>;
  next: ContainerMoment | undefined;
}

/** Init containers one after the other, then all others together, each at its own pace. */
function* runningSteps(life: PodLife, rules: ReadonlyMap<string, ContainerRule>): Generator<PodStep, void> {
  const { pod } = life;
  const inits = pod.containers.filter((container) => container.role !== 'app');
  const apps = pod.containers.filter((container) => container.role === 'app');
  const untouched = inits.length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const statuses = new Map(pod.containers.map((container) => [container.name, waitingStatus(container, untouched)]));
  const tracks: Track[] = [];
  let stage = -1;

  function begin(container: ContainerShape, atMs: number): void {
    const rule = rules.get(container.name) ?? { kind: 'ready', afterMs: 0 };
    const moments = containerMoments({ pod, container, rule, timeOf: life.timeOf }, atMs);
    tracks.push({ container, moments, next: moments.next().value ?? undefined });
  }

  function nextStage(atMs: number): void {
    stage += 1;
    const init = inits[stage];
    if (init) begin(init, atMs);
    else if (stage === inits.length) for (const app of apps) begin(app, atMs);
  }

  const snapshot = conditionKeeper(life);
  nextStage(0);
  let scheduledEvents: readonly PodEvent[] = [scheduledEvent(pod)];
  for (;;) {
    const atMs = Math.min(...tracks.map((track) => track.next?.atMs ?? Number.POSITIVE_INFINITY));
    if (atMs === Number.POSITIVE_INFINITY) return;
    const events = [...scheduledEvents];
    scheduledEvents = [];
    for (let track = due(tracks, atMs); track; track = due(tracks, atMs)) {
      if (track.next === undefined) break;
      statuses.set(track.container.name, track.next.status);
      events.push(...track.next.events);
      track.next = track.moments.next().value ?? undefined;
      if (track.container === inits[stage] && hasPassed(track.container, statuses)) nextStage(atMs);
    }
    yield { atMs, status: snapshot(atMs, inits, apps, statuses), events, scheduled: true };
  }
}

function due(tracks: readonly Track[], atMs: number): Track | undefined {
  return tracks.find((track) => track.next !== undefined && track.next.atMs <= atMs);
}

/** An init container lets the next one start when it has exited 0, a sidecar when it has started. */
function hasPassed(container: ContainerShape, statuses: ReadonlyMap<string, ContainerStatus>): boolean {
  const status = statuses.get(container.name);
  if (status === undefined) return false;
  if (container.role === 'sidecar') return status.started;
  return 'terminated' in status.state && status.state.terminated.exitCode === 0;
}

type Snapshot = (
  atMs: number,
  inits: readonly ContainerShape[],
  apps: readonly ContainerShape[],
  statuses: ReadonlyMap<string, ContainerStatus>,
) => PodStatus;

function conditionKeeper(life: PodLife): Snapshot {
  let conditions: readonly Condition[] = [];
  const ip = podIp(life.pod.uid);
  return (atMs, inits, apps, statuses) => {
    const initStatuses = inits.flatMap((container) => statuses.get(container.name) ?? []);
    const appStatuses = apps.flatMap((container) => statuses.get(container.name) ?? []);
    const view = { pod: life.pod, initStatuses, appStatuses };
    conditions = podConditions(view, conditions, life.timeOf(atMs));
    return {
      phase: podPhase(view),
      conditions,
      hostIP: '127.0.0.1',
      ...(appStatuses.some((status) => status.containerID) ? { podIP: ip, podIPs: [{ ip }] } : {}),
      startTime: life.timeOf(0),
      ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
      containerStatuses: appStatuses,
      qosClass: 'BestEffort',
    };
  };
}

function scheduledEvent(pod: PodShape): PodEvent {
  const message = `Successfully assigned ${pod.namespace}/${pod.name} to ${NODE_NAME}`;
  return { type: 'Normal', reason: 'Scheduled', message, component: 'default-scheduler' };
}

/** The node pods run on when their template names none. */
export const NODE_NAME = 'sandbox';

function unschedulable(life: PodLife, message: string): PodStep {
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: life.timeOf(0),
    reason: 'Unschedulable',
    message,
  } as const;
  const event: PodEvent = { type: 'Warning', reason: 'FailedScheduling', message, component: 'default-scheduler' };
  return {
    atMs: 0,
    status: { phase: 'Pending', conditions: [condition], qosClass: 'BestEffort' },
    events: [event],
    scheduled: false,
  };
}

function evicted(life: PodLife, rule: PodRule & { kind: 'evicted' }, last: PodStep | undefined): PodStep {
  const time = life.timeOf(rule.afterMs);
  const over = (last?.status.conditions ?? []).map((condition) =>
    condition.type === 'Ready' || condition.type === 'ContainersReady'
      ? { ...condition, status: 'False' as const, reason: 'PodFailed', lastTransitionTime: time }
      : condition,
  );
  const disruption = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: time,
    reason: 'TerminationByKubelet',
    message: rule.message,
  } as const;
  return {
    atMs: rule.afterMs,
    status: {
      phase: 'Failed',
      reason: 'Evicted',
      message: rule.message,
      conditions: [disruption, ...over],
      ...(last?.status.startTime === undefined ? {} : { startTime: last.status.startTime }),
      qosClass: 'BestEffort',
    },
    events: [{ type: 'Warning', reason: 'Evicted', message: rule.message, component: 'kubelet' }],
    scheduled: true,
  };
}

/** An address of its own for each pod, from its uid. */
function podIp(uid: string): string {
  let hash = 0;
  for (const letter of uid) hash = (hash * 31 + letter.charCodeAt(0)) % 64_516;
  return `10.244.${Math.floor(hash / 254)}.${(hash % 254) + 1}`;
}
