/** Versions whose containers do not start, or start and do not get ready. */
import { DEADLINE, type Story, write } from './story.ts';

const PROBES: readonly (readonly [name: string, probe: Readonly<Record<string, unknown>>, told: string])[] = [
  ['over HTTP', { httpGet: { port: 8080, path: '/healthz' } }, 'GET :8080/healthz'],
  ['of a port', { tcpSocket: { port: 5432 } }, 'tcp :5432'],
  ['by a command', { exec: { command: ['pg_isready', '-q'] } }, 'exec pg_isready -q'],
  ['over gRPC', { grpc: { port: 9000 } }, 'grpc :9000'],
];

export const startStories: readonly Story[] = [
  {
    name: 'a missing ConfigMap fails at the second look',
    steps: [write('1.26.0-no-config')],
    tells: [
      '1.26.0-no-config failed after <time>: container app cannot be configured: configmap "app-config" not found',
    ],
    bound: { availableAtLeast: 1, restartsAtMost: 0, beforeDeadline: true },
    evidence: [/^try: kubectl describe pod /m],
  },
  {
    name: 'a missing key of a Secret fails at the second look',
    deployment: {
      behaviour: 'config-error message="couldn\'t find key PASSWORD in Secret shop/db"',
      untilAvailable: false,
    },
    steps: [write('1.26.0')],
    tells: [
      "1.26.0 failed after <time>: container app cannot be configured: couldn't find key PASSWORD in Secret shop/db",
    ],
    bound: { beforeDeadline: true },
  },
  {
    name: 'a kubelet whose caches fill only explains the time-out',
    deployment: {
      spec: DEADLINE,
      behaviour: 'config-error message="failed to sync configmap cache: timed out waiting for the condition"',
      untilAvailable: false,
    },
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 timed out after <time>: no progress for 4 s: 1 old replica pending termination; container app cannot be configured: failed to sync configmap cache: timed out waiting for the condition',
    ],
  },
  {
    name: 'a container that runs and never gets ready explains the time-out, with the last word of its probe',
    deployment: { spec: DEADLINE },
    steps: [write('1.26.0-unready')],
    tells: [
      '1.26.0-unready timed out after <time>: no progress for 4 s: 1 old replica pending termination; container app runs but is not ready: "Readiness probe failed: HTTP probe failed with statuscode: 503"',
    ],
    bound: { availableAtLeast: 1 },
    evidence: [/^event Unhealthy/m, /^try: kubectl logs \S+ -c app /m],
  },
  ...PROBES.map(
    ([name, readinessProbe, told]): Story => ({
      name: `a readiness probe ${name} is told with its definition and its last word`,
      deployment: {
        spec: DEADLINE,
        app: { readinessProbe },
        behaviour: 'never-ready message="dependency is down"',
        untilAvailable: false,
      },
      steps: [write('1.26.0')],
      tells: [
        `1.26.0 timed out after <time>: no progress for 4 s: 1 old replica pending termination; container app runs but is not ready: readiness probe ${told} does not succeed: "Readiness probe failed: dependency is down"`,
      ],
    }),
  ),
  {
    name: 'a second container that never gets ready is named',
    deployment: {
      spec: DEADLINE,
      beside: [{ name: 'agent', image: 'agent:1' }],
      behaviour: 'never-ready container=agent message="no leader"',
      untilAvailable: false,
    },
    steps: [write('1.26.0', 'container: app')],
    tells: [
      '1.26.0 timed out after <time>: no progress for 4 s: 1 old replica pending termination; container agent runs but is not ready: "Readiness probe failed: no leader"',
    ],
  },
  {
    name: 'a pod that finds no node explains the time-out with the words of the scheduler',
    deployment: { spec: DEADLINE },
    steps: [write('1.26.0-unschedulable')],
    tells: [
      '1.26.0-unschedulable timed out after <time>: no progress for 4 s: 1 old replica pending termination; pod cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    ],
    evidence: [/^event FailedScheduling/m],
  },
  {
    name: "the operator's limit ends a rollout before the Deployment's own deadline",
    engine: 'hurried',
    steps: [write('1.26.0-never')],
    tells: [
      '1.26.0-never timed out after <time>: 1 old replica pending termination; container app runs but is not ready: "Readiness probe failed: HTTP probe failed with statuscode: 503"',
    ],
    bound: { beforeDeadline: true, availableAtLeast: 1 },
  },
  {
    name: 'a slow start within the deadline is a success',
    deployment: { behaviour: 'ready after=8s', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'a success after the time-out is noticed and told',
    deployment: { spec: { progressDeadlineSeconds: 3 }, behaviour: 'ready after=30s', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 timed out after <time>: no progress for 3 s: 1 old replica pending termination; container app is not created yet',
      '1.26.0 succeeded after all; it had been reported as timed-out',
    ],
  },
  {
    name: 'pod after pod evicted from its node fails the version',
    deployment: { behaviour: 'evicted after=1s message="The node was low on memory."', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: <n> pods Evicted: The node was low on memory.'],
    bound: { beforeDeadline: true },
  },
];
