import { describe, expect, test } from 'vitest';
import { podLogs } from '../../src/sandbox/pod-logs.ts';
import { podRuleFor } from '../../src/sandbox/pod-rules.ts';
import { type PodShape, podShape } from '../../src/sandbox/pod-shape.ts';
import { type PodStatus, podStatusAt, podSteps } from '../../src/sandbox/pod-status.ts';

interface PodWish {
  readonly image?: string;
  readonly behaviour?: string;
  readonly probed?: boolean;
  readonly initImage?: string;
  readonly sidecar?: boolean;
  readonly restartPolicy?: string;
}

function podOf(wish: PodWish = {}) {
  const { image = 'nginx:v1', behaviour, probed, initImage, sidecar, restartPolicy } = wish;
  const init = { name: 'init', image: initImage, ...(sidecar ? { restartPolicy: 'Always' } : {}) };
  return {
    metadata: {
      name: 'app-1',
      namespace: 'web',
      uid: 'uid-1',
      ...(behaviour === undefined ? {} : { annotations: { 'sandbox/behaviour': behaviour } }),
    },
    spec: {
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
      ...(initImage === undefined ? {} : { initContainers: [init] }),
      containers: [{ name: 'app', image, ...(probed ? { readinessProbe: {} } : {}) }],
    },
  };
}

function statusOf(wish: PodWish, elapsedMs: number): PodStatus {
  const pod = podShape(podOf(wish));
  return podStatusAt(podRuleFor(pod), pod, elapsedMs).status;
}

/** `Phase reason(restarts)` of the first container that has something to say. */
function summary(wish: PodWish, elapsedMs: number): string {
  const status = statusOf(wish, elapsedMs);
  const [first] = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  if (first === undefined) return `${status.phase} ${status.reason ?? status.conditions[0]?.reason ?? ''}`;
  const { state } = first;
  const what =
    'waiting' in state
      ? state.waiting.reason
      : 'terminated' in state
        ? `${state.terminated.reason} ${state.terminated.exitCode}`
        : 'running' in state && first.ready
          ? 'ready'
          : 'running';
  return `${status.phase} ${what} (${first.restartCount})`;
}

/** Every step within the first ten minutes. */
function eventsOf(wish: PodWish, untilMs = 600_000): readonly string[] {
  const pod: PodShape = podShape(podOf(wish));
  const told: string[] = [];
  for (const step of podSteps({ rule: podRuleFor(pod), pod, timeOf: String })) {
    if (step.atMs > untilMs) break;
    told.push(...step.events.map(({ reason }) => reason));
  }
  return told;
}

const seconds = (count: number) => count * 1_000;

describe('a pod by the tag of its image', () => {
  test.each<[image: string, elapsedMs: number, shown: string]>([
    ['nginx:1.25', 0, 'Pending ContainerCreating (0)'],
    ['nginx:1.25', seconds(2), 'Running ready (0)'],
    ['nginx:slow', seconds(29), 'Pending ContainerCreating (0)'],
    ['nginx:slow', seconds(30), 'Running ready (0)'],
    ['nginx:unready', seconds(600), 'Running running (0)'],
    ['nginx:missing', seconds(1), 'Pending ErrImagePull (0)'],
    ['nginx:missing', seconds(3), 'Pending ImagePullBackOff (0)'],
    ['nginx:missing', seconds(13), 'Pending ErrImagePull (0)'],
    ['nginx:missing', seconds(14), 'Pending ImagePullBackOff (0)'],
    ['nginx:private', seconds(1), 'Pending ErrImagePull (0)'],
    ['x y:::', seconds(1), 'Pending InvalidImageName (0)'],
    ['nginx:no-config', seconds(2), 'Pending CreateContainerConfigError (0)'],
    ['nginx:crash', seconds(1), 'Running Error 1 (0)'],
    ['nginx:crash', seconds(2), 'Running Error 1 (1)'],
    ['nginx:crash', seconds(3), 'Running CrashLoopBackOff (1)'],
    ['nginx:crash', seconds(13), 'Running Error 1 (2)'],
    ['nginx:crash', seconds(14), 'Running CrashLoopBackOff (2)'],
    ['nginx:crash', seconds(33), 'Running CrashLoopBackOff (2)'],
    ['nginx:crash', seconds(34), 'Running Error 1 (3)'],
    ['nginx:oom', seconds(2), 'Running OOMKilled 137 (0)'],
    ['nginx:no-command', seconds(1), 'Running StartError 128 (0)'],
    ['nginx:unschedulable', seconds(60), 'Pending Unschedulable'],
    ['nginx:evicted', seconds(9), 'Running ready (0)'],
    ['nginx:evicted', seconds(10), 'Failed Evicted'],
  ])('%s after %d ms shows %s', (image, elapsedMs, shown) => {
    expect(summary({ image }, elapsedMs)).toBe(shown);
  });

  test('only the tag counts, not the name of the repository', () => {
    expect(summary({ image: 'registry.io:5000/never-missing/crash' }, seconds(2))).toBe('Running ready (0)');
  });
});

describe('a pod by its annotation', () => {
  test.each<[behaviour: string, elapsedMs: number, shown: string]>([
    ['ready after=5s', seconds(4), 'Pending ContainerCreating (0)'],
    ['ready after=5s', seconds(5), 'Running ready (0)'],
    ['crash exit=3', seconds(1), 'Running Error 3 (0)'],
    ['crash after=5s', seconds(3), 'Running ready (0)'],
    ['crash times=2', seconds(30), 'Running ready (2)'],
    ['image-pull times=1', seconds(13), 'Running ready (0)'],
    ['image-pull message="too many requests"', seconds(1), 'Pending ErrImagePull (0)'],
    ['something else', seconds(2), 'Running ready (0)'],
  ])('%s after %d ms shows %s', (behaviour, elapsedMs, shown) => {
    expect(summary({ behaviour }, elapsedMs)).toBe(shown);
  });

  test('its message is the one shown', () => {
    const status = statusOf({ behaviour: 'image-pull message="too many requests"' }, seconds(1));

    expect(status.containerStatuses?.[0]?.state).toEqual({
      waiting: { reason: 'ErrImagePull', message: 'too many requests' },
    });
  });
});

describe('a crash loop', () => {
  test('remembers the last run, and says how long it waits', () => {
    const [container] = statusOf({ image: 'nginx:crash' }, seconds(40)).containerStatuses ?? [];

    expect(container).toMatchObject({
      restartCount: 3,
      ready: false,
      started: false,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: 'back-off 40s restarting failed container=app pod=app-1_web(uid-1)',
        },
      },
      lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: '1970-01-01T00:00:34Z' } },
    });
  });

  test('waits five minutes at most', () => {
    const [container] = statusOf({ image: 'nginx:crash' }, seconds(3_600)).containerStatuses ?? [];

    expect(container?.state).toMatchObject({ waiting: { message: expect.stringContaining('back-off 5m0s') } });
  });

  test('a container with a readiness probe is never ready between its crashes', () => {
    expect(summary({ behaviour: 'crash after=5s', probed: true }, seconds(3))).toBe('Running running (0)');
  });

  test('a pod that is never restarted has failed', () => {
    expect(summary({ image: 'nginx:crash', restartPolicy: 'Never' }, seconds(60))).toBe('Failed Error 1 (0)');
  });
});

describe('init containers', () => {
  test('hold the others back until they are done', () => {
    const during = statusOf({ initImage: 'tool:v1' }, seconds(1));
    const after = statusOf({ initImage: 'tool:v1' }, seconds(10));

    expect(during.phase).toBe('Pending');
    expect(during.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(during.conditions.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [init]',
    });
    expect(after.phase).toBe('Running');
    expect(after.initContainerStatuses?.[0]?.state).toMatchObject({ terminated: { reason: 'Completed', exitCode: 0 } });
  });

  test.each([{ wish: { initImage: 'tool:crash' } }, { wish: { initImage: 'tool:v1', behaviour: 'init-crash' } }])(
    'that crash keep the pod Pending: $wish',
    ({ wish }) => {
      expect(summary(wish, seconds(5))).toBe('Pending CrashLoopBackOff (1)');
    },
  );

  test('that are sidecars run beside the others', () => {
    const status = statusOf({ initImage: 'proxy:v1', sidecar: true }, seconds(10));

    expect(status.phase).toBe('Running');
    expect(status.initContainerStatuses?.[0]).toMatchObject({ ready: true, state: { running: {} } });
    expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
  });
});

describe('conditions', () => {
  test('a readiness probe holds Ready back while the container runs', () => {
    const status = statusOf({ behaviour: 'ready after=20s', probed: true }, seconds(10));

    expect(status.phase).toBe('Running');
    expect(status.conditions.find(({ type }) => type === 'Ready')).toEqual({
      type: 'Ready',
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: '1970-01-01T00:00:00Z',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [app]',
    });
  });

  test('keep the time of their last change', () => {
    const ready = statusOf({}, seconds(60)).conditions.find(({ type }) => type === 'Ready');
    const scheduled = statusOf({}, seconds(60)).conditions.find(({ type }) => type === 'PodScheduled');

    expect(ready).toMatchObject({ status: 'True', lastTransitionTime: '1970-01-01T00:00:01Z' });
    expect(scheduled).toMatchObject({ status: 'True', lastTransitionTime: '1970-01-01T00:00:00Z' });
  });
});

describe('events', () => {
  test.each([
    { wish: {}, told: ['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started'] },
    { wish: { image: 'nginx:unschedulable' }, told: ['FailedScheduling'] },
    {
      wish: { image: 'nginx:missing' },
      told: ['Scheduled', 'Pulling', 'Failed', 'Failed', 'BackOff', 'Failed', 'Pulling', 'Failed', 'Failed'],
    },
    {
      wish: { image: 'nginx:crash' },
      told: ['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'Pulled', 'Created', 'Started', 'BackOff'],
    },
    { wish: { image: 'nginx:never' }, told: ['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'Unhealthy'] },
  ])('of a pod $wish begin as a kubelet tells them', ({ wish, told }) => {
    expect(eventsOf(wish).slice(0, told.length)).toEqual(told);
  });
});

describe('podStatusAt', () => {
  test('says when the status changes next, and nothing once it will not', () => {
    const pod = podShape(podOf());
    const rule = podRuleFor(pod);

    expect(podStatusAt(rule, pod, 0).nextChangeMs).toBe(1_500);
    expect(podStatusAt(rule, pod, seconds(2))).not.toHaveProperty('nextChangeMs');
  });

  test('is the same whenever it is asked', () => {
    const pod = podShape(podOf({ image: 'nginx:crash' }));
    const rule = podRuleFor(pod);

    expect(podStatusAt(rule, pod, seconds(100))).toEqual(podStatusAt(rule, pod, seconds(100)));
  });
});

describe('logs', () => {
  function logsAt(wish: PodWish, elapsedMs: number, request: Parameters<typeof podLogs>[2] = {}) {
    const pod = podOf(wish);
    const rule = podRuleFor(podShape(pod));
    const answer = podLogs(rule, { ...pod, status: statusOf(wish, elapsedMs) }, request);
    return answer.kind === 'lines' ? answer.lines.map(({ text }) => text) : answer.message;
  }

  test.each<[what: string, wish: PodWish, request: Parameters<typeof podLogs>[2], seen: string | readonly string[]]>([
    ['a running container', {}, {}, ['starting', 'listening on :8080']],
    ['the last line', {}, { tailLines: 1 }, ['listening on :8080']],
    ['the crash before', { behaviour: 'crash log="one|two"' }, { previous: true }, ['one', 'two']],
    ['a crash in its back-off', { behaviour: 'crash log="one|two"' }, {}, ['one', 'two']],
    ['a run that never was', {}, { previous: true }, 'previous terminated container "app" in pod "app-1" not found'],
    [
      'an image that never came',
      { image: 'nginx:missing' },
      {},
      'container "app" in pod "app-1" is waiting to start: trying and failing to pull image',
    ],
    ['a container that is not there', {}, { container: 'web' }, 'container web is not valid for pod app-1'],
  ])('%s', (_what, wish, request, seen) => {
    expect(logsAt(wish, seconds(5), request)).toEqual(seen);
  });
});
