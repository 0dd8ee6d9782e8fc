import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePod } from '../../src/cluster/pod-view.ts';
import { parseDeployment, parseEvent, parseReplicaSet } from '../../src/cluster/views.ts';

const metadata = { name: 'web', namespace: 'prod', uid: 'u1', resourceVersion: '7' };

describe('a Deployment', () => {
  test('fresh from a client has no status, no annotations and the defaults', () => {
    const view = parseDeployment({
      metadata,
      spec: { template: { spec: { containers: [{ name: 'web', image: 'a' }] } } },
    });

    expect(view).toEqual({
      ...metadata,
      generation: 0,
      annotations: {},
      deleting: false,
      replicas: 1,
      minReadySeconds: 0,
      paused: false,
      containers: [{ name: 'web', image: 'a' }],
      observedGeneration: 0,
      statusReplicas: 0,
      updatedReplicas: 0,
      availableReplicas: 0,
      conditions: [],
    });
  });

  test('scaled to zero has zero replicas, and the largest deadline means none', () => {
    const view = parseDeployment({ metadata, spec: { replicas: 0, progressDeadlineSeconds: 2147483647 } });

    expect(view?.replicas).toBe(0);
    expect(view).not.toHaveProperty('progressDeadlineSeconds');
  });

  test.each([
    { probe: { httpGet: { path: '/healthz', port: 8080 } }, words: 'GET :8080/healthz' },
    { probe: { httpGet: { path: '/', port: 'web', scheme: 'HTTPS' } }, words: 'GET https://:web/' },
    { probe: { tcpSocket: { port: 5432 } }, words: 'tcp :5432' },
    { probe: { exec: { command: ['pg_isready', '-q'] } }, words: 'exec pg_isready -q' },
    { probe: { grpc: { port: 9000 } }, words: 'grpc :9000' },
  ])('tells its readiness probe as $words', ({ probe, words }) => {
    const containers = [{ name: 'web', image: 'a', readinessProbe: probe, resources: { limits: { memory: '256Mi' } } }];

    const view = parseDeployment({ metadata, spec: { template: { spec: { containers } } } });

    expect(view?.containers).toEqual([{ name: 'web', image: 'a', memoryLimit: '256Mi', readinessProbe: words }]);
  });

  test('names who last set an image, not who wrote anything else', () => {
    const managedFields = [
      { manager: 'helm', time: '2026-01-01T00:00:00Z', fieldsV1: owning({ 'f:image': {} }) },
      { manager: 'kubectl-set', time: '2026-01-03T00:00:00Z', fieldsV1: owning({ 'f:image': {} }) },
      { manager: 'kube-controller-manager', time: '2026-01-04T00:00:00Z', fieldsV1: { 'f:status': {} } },
      { manager: 'hpa', time: '2026-01-05T00:00:00Z', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ];

    expect(parseDeployment({ metadata: { ...metadata, managedFields } })?.templateManager).toBe('kubectl-set');
  });

  test('names, of two writers in the same second, the one whose image is there', () => {
    const managedFields = [
      { manager: 'kubectl-set', time: '2026-01-03T00:00:00Z', fieldsV1: owning({ 'f:image': {} }) },
      { manager: 'terraform', time: '2026-01-03T00:00:00Z', fieldsV1: owning({ 'f:name': {} }) },
    ];

    expect(parseDeployment({ metadata: { ...metadata, managedFields } })?.templateManager).toBe('kubectl-set');
  });

  test('reads times as text and as dates, the update before the transition', () => {
    const conditions = [
      {
        type: 'Progressing',
        status: 'True',
        lastUpdateTime: '2026-01-02T00:00:00Z',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
      { type: 'Available', status: 'odd', lastTransitionTime: new Date(1000) },
    ];

    const view = parseDeployment({ metadata, status: { conditions } });

    expect(view?.conditions.map(({ status, updatedAt }) => [status, updatedAt])).toEqual([
      ['True', Date.UTC(2026, 0, 2)],
      ['Unknown', 1000],
    ]);
  });
});

describe('a ReplicaSet', () => {
  test('belongs to its controller and has a revision', () => {
    const view = parseReplicaSet({
      metadata: {
        ...metadata,
        annotations: { 'deployment.kubernetes.io/revision': '12' },
        ownerReferences: [
          { kind: 'Other', uid: 'x' },
          { kind: 'Deployment', uid: 'd1', controller: true },
        ],
      },
    });

    expect(view).toMatchObject({ ownerUid: 'd1', revision: 12, replicas: 1 });
  });
});

describe('a Pod', () => {
  test('tells every container with its role, state and last end', () => {
    const terminated = { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T00:00:00Z' };
    const view = parsePod({
      metadata: { ...metadata, ownerReferences: [{ kind: 'ReplicaSet', uid: 'r1', controller: true }] },
      spec: {
        initContainers: [{ name: 'migrate' }, { name: 'proxy', restartPolicy: 'Always' }],
        containers: [{ name: 'web', image: 'a' }],
        ephemeralContainers: [{ name: 'debug' }],
      },
      status: {
        phase: 'Running',
        initContainerStatuses: [{ name: 'migrate', state: { terminated: { exitCode: 0 } } }],
        containerStatuses: [
          {
            name: 'web',
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
            lastState: { terminated },
          },
        ],
      },
    });

    expect(view).toMatchObject({ ownerUid: 'r1', phase: 'Running' });
    expect(view?.containers.map(({ name, role, state }) => [name, role, state.kind])).toEqual([
      ['migrate', 'init', 'terminated'],
      ['proxy', 'sidecar', 'unknown'],
      ['web', 'app', 'waiting'],
      ['debug', 'ephemeral', 'unknown'],
    ]);
    expect(view?.containers[2]).toMatchObject({
      restartCount: 3,
      ready: false,
      lastExit: { exitCode: 137, signal: 0, reason: 'OOMKilled', finishedAt: Date.UTC(2026, 0, 1) },
    });
  });
});

describe('an Event', () => {
  test.each([
    { what: 'of the old API', fields: { count: 4, lastTimestamp: '2026-01-02T00:00:00Z' }, count: 4 },
    { what: 'of the new API', fields: { eventTime: '2026-01-02T00:00:00.000000Z', lastTimestamp: null }, count: 1 },
    { what: 'in a series', fields: { series: { count: 9, lastObservedTime: '2026-01-02T00:00:00Z' } }, count: 9 },
  ])('$what has a time and a count', ({ fields, count }) => {
    expect(parseEvent({ ...fields, reason: 'Failed' })).toMatchObject({ count, lastAt: Date.UTC(2026, 0, 2) });
  });
});

test('whatever the JSON is, no view throws', () => {
  const shaped = fc.record({
    metadata: fc.record({ name: fc.string(), uid: fc.string() }),
    spec: fc.anything(),
    status: fc.anything(),
  });

  fc.assert(
    fc.property(fc.oneof(fc.anything(), shaped), (value) => {
      for (const parse of [parseDeployment, parseReplicaSet, parsePod, parseEvent]) parse(value);
    }),
  );
});

/** Fields of the container `app`, as `managedFields` name them. */
function owning(fields: object) {
  return { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': fields } } } } };
}
