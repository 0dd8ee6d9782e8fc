/** The lives of containers that do not start or do not stay up, with a kubelet's back-offs. */
import {
  backOffMs,
  type ContainerLife,
  type ContainerMoment,
  type ContainerStatus,
  PULL_MS,
  podEvent,
  presentEvent,
  pulledEvent,
  runningStatus,
  runsWell,
  startEvents,
  startsPulling,
  type Terminated,
  terminated,
  waitingStatus,
} from './container-life.ts';
import type { ContainerRule, CrashRule } from './pod-rules.ts';

/** A kubelet looks at its containers once a second. */
const RELIST_MS = 1_000;
/** A container that ran this long starts its back-off afresh. */
const BACK_OFF_RESET_MS = 600_000;

/** Everything that happens to the container from `fromMs` on; it ends when nothing will change any more. */
export function* containerMoments(life: ContainerLife, fromMs: number): Generator<ContainerMoment, void> {
  const { rule } = life;
  switch (rule.kind) {
    case 'ready':
    case 'never-ready':
      yield startsPulling(life, fromMs);
      yield* runsWell(life, fromMs + PULL_MS, 0);
      return;
    case 'image-pull':
      yield* cannotBePulled(life, fromMs, rule);
      return;
    case 'image-name':
      yield hasNoImage(life, fromMs, rule.message);
      return;
    case 'config-error':
      yield startsPulling(life, fromMs);
      yield hasNoConfig(life, fromMs + PULL_MS, rule.message);
      return;
    case 'crash':
      yield startsPulling(life, fromMs);
      yield* crashes(life, fromMs + PULL_MS, rule);
      return;
    default:
      rule satisfies never;
  }
}

function hasNoImage(life: ContainerLife, atMs: number, why: string): ContainerMoment {
  const { container } = life;
  const inspect = `Failed to apply default image tag "${container.image}": ${why}`;
  const events = [podEvent(life, 'Warning', 'InspectFailed', inspect), failed(life, 'InvalidImageName')];
  return { atMs, status: waitingStatus(container, 'InvalidImageName', inspect), events };
}

function hasNoConfig(life: ContainerLife, atMs: number, why: string): ContainerMoment {
  const status = waitingStatus(life.container, 'CreateContainerConfigError', why);
  return { atMs, status, events: [pulledEvent(life), failed(life, why)] };
}

/** ErrImagePull, ImagePullBackOff, and again after each back-off. */
function* cannotBePulled(
  life: ContainerLife,
  fromMs: number,
  rule: ContainerRule & { readonly kind: 'image-pull' },
): Generator<ContainerMoment, void> {
  const { container } = life;
  const { image } = container;
  let atMs = fromMs;
  let shown = waitingStatus(container, 'ContainerCreating');
  for (let nth = 0; nth < rule.times; nth += 1) {
    yield { ...startsPulling(life, atMs), status: shown };
    atMs += PULL_MS;
    const pull = podEvent(life, 'Warning', 'Failed', `Failed to pull image "${image}": ${rule.message}`);
    const status = waitingStatus(container, 'ErrImagePull', rule.message);
    yield { atMs, status, events: [pull, failed(life, 'ErrImagePull')] };
    atMs += RELIST_MS;
    shown = waitingStatus(
      container,
      'ImagePullBackOff',
      `Back-off pulling image "${image}": ErrImagePull: ${rule.message}`,
    );
    const backOff = podEvent(life, 'Normal', 'BackOff', `Back-off pulling image "${image}"`);
    yield { atMs, status: shown, events: [backOff, failed(life, 'ImagePullBackOff')] };
    atMs += backOffMs(nth);
  }
  yield { ...startsPulling(life, atMs), status: shown };
  yield* runsWell({ ...life, rule: { kind: 'ready', afterMs: PULL_MS } }, atMs + PULL_MS, 0);
}

/**
 * Runs and exits, over and over: at once the first time, then after CrashLoopBackOff. A container that exits at once is
 * never seen running, so it is never counted as ready, not even without a readiness probe.
 */
function* crashes(life: ContainerLife, fromMs: number, rule: CrashRule): Generator<ContainerMoment, void> {
  let atMs = fromMs;
  let last: Terminated | undefined;
  for (let run = 0; run < rule.times; run += 1) {
    const arrival = [run === 0 ? pulledEvent(life) : presentEvent(life), ...beginning(life, rule)];
    const status = runningStatus(life, atMs, run, last);
    const period = { fromMs: atMs, toMs: atMs + rule.afterMs };
    if (rule.afterMs > 0) yield { atMs, status: { ...status, ready: isReadyWhenUp(life) }, events: arrival };
    atMs = period.toMs;
    const exit = terminated(life, run, period, rule);
    const over = { ...status, started: false, state: { terminated: exit } };
    yield { atMs, status: over, events: rule.afterMs > 0 ? [] : arrival };
    if (life.pod.restartPolicy === 'Never') return;

    atMs += RELIST_MS;
    last = exit;
    if (run === 0 || rule.afterMs >= BACK_OFF_RESET_MS) continue;
    const waitMs = backOffMs(run - 1);
    yield backOff(life, over, exit, atMs, waitMs);
    atMs += waitMs;
  }
  yield* runsWell({ ...life, rule: { kind: 'ready', afterMs: PULL_MS } }, atMs, rule.times, last);
}

function backOff(life: ContainerLife, over: ContainerStatus, exit: Terminated, atMs: number, ms: number) {
  const { pod, container } = life;
  const where = `pod=${pod.name}_${pod.namespace}(${pod.uid})`;
  const message = `back-off ${goDuration(ms)} restarting failed container=${container.name} ${where}`;
  const told = `Back-off restarting failed container ${container.name} in pod ${pod.name}_${pod.namespace}(${pod.uid})`;
  return {
    atMs,
    status: {
      ...over,
      state: { waiting: { reason: 'CrashLoopBackOff', message } },
      lastState: { terminated: exit },
    },
    events: [podEvent(life, 'Warning', 'BackOff', told)],
  };
}

function isReadyWhenUp({ container }: ContainerLife): boolean {
  return !container.probed && container.role !== 'init';
}

function beginning(life: ContainerLife, rule: CrashRule) {
  if (rule.reason !== 'StartError') return startEvents(life);
  const [created] = startEvents(life);
  return [...(created ? [created] : []), failed(life, rule.message ?? rule.reason)];
}

function failed(life: ContainerLife, why: string) {
  return podEvent(life, 'Warning', 'Failed', `Error: ${why}`);
}

/** As Go prints it: `10s`, `1m20s`, `5m0s`. */
function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
