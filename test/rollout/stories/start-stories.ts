/** Containers that are never started, and pods that find no place. */
import { complete, crashLooping, deployment, exit, pod, running, waiting } from '../../support/rollout-objects.ts';
import type { Story } from '../../support/rollout-story.ts';

const creating = { at: 1, pods: [pod(waiting('ContainerCreating'))] };
const config = (message: string) => [pod(waiting('CreateContainerConfigError', message))];
const start = (reason: string, message: string) => [pod(waiting(reason, message))];
const noNode = '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available.';

const unscheduled = pod([], {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: noNode, updatedAt: 0 }],
});

const evicted = (name: string, second: number) =>
  pod([], {
    name,
    phase: 'Failed',
    reason: 'Evicted',
    message: 'The node was low on resource: ephemeral-storage.',
    createdAt: deployment().conditions[0]?.updatedAt ?? 0 + second * 1_000,
  });

const missing: readonly (readonly [string, string])[] = [
  ['Secret', 'secret "db" not found'],
  ['ConfigMap', 'configmap "settings" not found'],
  ['key of a Secret', "couldn't find key password in Secret prod/db"],
  ['user', 'container has runAsNonRoot and image will run as root'],
];

export const startStories: readonly Story[] = [
  ...missing.map(
    ([what, message]): Story => ({
      name: `a missing ${what} fails at the second look`,
      frames: [creating, { at: 3, pods: config(message) }],
      ends: { outcome: 'failed', at: 3.7, cause: `container web cannot be configured: ${message}` },
    }),
  ),
  {
    name: 'a Secret that comes between two looks is not a failure',
    frames: [
      creating,
      { at: 3, pods: config('secret "db" not found') },
      { at: 3.5, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 3.5, cause: '' },
  },
  {
    name: 'a kubelet whose caches fill is not a failure',
    frames: [
      creating,
      { at: 3, pods: config('failed to sync secret cache: timed out waiting for the condition') },
      { at: 90, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 90, cause: '' },
  },
  ...(
    [
      ['RunContainerError', 'failed to create containerd task: exec: "/app": permission denied'],
      ['CreateContainerError', 'context deadline exceeded'],
      ['StartError', 'failed to start: exec: "sh": executable file not found in $PATH'],
      ['PostStartHookError', 'Exec lifecycle hook failed'],
    ] as const
  ).map(
    ([reason, message]): Story => ({
      name: `${reason} gets its grace`,
      frames: [creating, { at: 3, pods: start(reason, message) }],
      ends: { outcome: 'failed', at: 23, cause: `container web cannot start (${reason}: ${message})` },
    }),
  ),
  {
    name: 'a binary that does not exist is told as a start that fails',
    frames: [
      creating,
      {
        at: 3,
        pods: [
          pod(crashLooping(exit(128, { reason: 'StartError', message: 'exec: "/no": no such file or directory' }), 2)),
        ],
      },
    ],
    ends: {
      outcome: 'failed',
      at: 23,
      cause: 'container web cannot start (exit 128: exec: "/no": no such file or directory) (2 restarts)',
    },
  },
  {
    name: 'a volume that is never mounted explains the time-out',
    frames: [creating],
    ends: {
      outcome: 'timed-out',
      at: 240,
      cause: '1 old replica pending termination; container web is not created yet',
    },
  },
  {
    name: 'a reason nobody knows explains the time-out',
    frames: [{ at: 1, pods: [pod(waiting('Meditating', 'om'))] }],
    ends: {
      outcome: 'timed-out',
      at: 240,
      cause: '1 old replica pending termination; container web waits (Meditating: om)',
    },
  },
  {
    name: 'a pod without a node waits for an autoscaler',
    frames: [
      { at: 1, pods: [unscheduled] },
      { at: 120, pods: [pod(waiting('ContainerCreating'))] },
      { at: 140, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 140, cause: '' },
  },
  {
    name: 'a pod that never finds a node explains the time-out',
    frames: [{ at: 1, pods: [unscheduled] }],
    ends: {
      outcome: 'timed-out',
      at: 240,
      cause: `1 old replica pending termination; pod cannot be scheduled: ${noNode}`,
    },
  },
  {
    name: 'one evicted pod is replaced and no failure',
    frames: [
      { at: 5, pods: [evicted('web-2-a', 2), pod(waiting('ContainerCreating'), { name: 'web-2-b' })] },
      { at: 90, pods: [evicted('web-2-a', 2), pod(running(), { name: 'web-2-b' })], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 90, cause: '' },
  },
  {
    name: 'eviction after eviction fails the rollout',
    frames: [
      { at: 5, pods: [evicted('web-2-a', 2), pod(waiting('ContainerCreating'), { name: 'web-2-b' })] },
      {
        at: 30,
        pods: ['web-2-a', 'web-2-b', 'web-2-c'].map((name, index) => evicted(name, 2 + index)),
      },
    ],
    ends: {
      outcome: 'failed',
      at: 30,
      cause: '3 pods Evicted: The node was low on resource: ephemeral-storage.',
    },
  },
  {
    name: 'a node that goes with every new pod is no failure',
    frames: [
      { at: 5, pods: ['a', 'b', 'c'].map((name) => evicted(name, 2)), deployment: { replicas: 3 } },
      { at: 90, pods: ['a', 'b', 'c'].map((name) => evicted(name, 2)), deployment: complete(3) },
    ],
    ends: { outcome: 'succeeded', at: 90, cause: '' },
  },
  {
    name: 'a readiness gate that nobody opens explains the time-out',
    frames: [
      {
        at: 5,
        pods: [
          pod(running(), {
            conditions: [
              {
                type: 'Ready',
                status: 'False',
                reason: 'ReadinessGatesNotReady',
                message: 'no gate "lb"',
                updatedAt: 0,
              },
            ],
          }),
        ],
      },
    ],
    ends: {
      outcome: 'timed-out',
      at: 240,
      cause: '1 old replica pending termination; pod is not ready though its containers are: no gate "lb"',
    },
  },
  {
    name: 'pods evicted long before the patch do not count',
    frames: [
      {
        at: 5,
        pods: ['web-2-a', 'web-2-b', 'web-2-c'].map((name) => ({ ...evicted(name, 0), createdAt: 1 })),
      },
      { at: 60, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 60, cause: '' },
  },
  ...(
    [
      ['GET :8080/healthz', 'container web runs but is not ready: readiness probe GET :8080/healthz does not succeed'],
      ['exec pg_isready', 'container web runs but is not ready: readiness probe exec pg_isready does not succeed'],
      [undefined, 'container web runs but is not ready'],
    ] as const
  ).map(
    ([readinessProbe, cause]): Story => ({
      name: `a container that never gets ready (${readinessProbe ?? 'no probe'}) explains the time-out`,
      frames: [
        {
          at: 3,
          pods: [pod(running({ ready: false, ...(readinessProbe === undefined ? {} : { readinessProbe }) }))],
        },
      ],
      ends: { outcome: 'timed-out', at: 240, cause: `1 old replica pending termination; ${cause}` },
    }),
  ),
  {
    name: 'the gravest trouble of several pods is the one that is told',
    frames: [
      {
        at: 1,
        deployment: { replicas: 3, updatedReplicas: 3, statusReplicas: 4 },
        pods: [
          pod(running({ ready: false }), { name: 'web-2-a' }),
          pod(crashLooping(exit(1), 3), { name: 'web-2-b' }),
          pod(waiting('InvalidImageName', '', { image: 'Web:1' }), { name: 'web-2-c' }),
        ],
      },
    ],
    ends: { outcome: 'failed', at: 1, cause: 'container web: image Web:1 is not a valid name' },
  },
];
