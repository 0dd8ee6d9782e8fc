/** Containers that end though they should run. */
import {
  complete,
  container,
  crashLooping,
  exit,
  PATCHED_AT,
  pod,
  running,
  terminated,
  waiting,
} from '../../support/rollout-objects.ts';
import type { Story } from '../../support/rollout-story.ts';

const creating = { at: 1, pods: [pod(waiting('ContainerCreating'))] };
const broken = exit(1);
const before = exit(1, { finishedAt: PATCHED_AT - 3_600_000 });

/** A container that dies at once, as the kubelet restarts it. */
const loop = (how = broken, change = {}) => [
  creating,
  { at: 2, pods: [pod(terminated(how, change))] },
  { at: 3, pods: [pod(terminated(how, { restartCount: 1, lastExit: how, ...change }))] },
  { at: 4, pods: [pod(crashLooping(how, 1, change))] },
  { at: 16, pods: [pod(crashLooping(how, 2, change))] },
];

export const crashStories: readonly Story[] = [
  {
    name: 'a container that exits 1 fails after the grace, counted from its first exit',
    frames: loop(),
    ends: { outcome: 'failed', at: 22, cause: 'container web exits 1 (2 restarts)' },
  },
  {
    name: 'a container that exits 0 in a loop fails too',
    frames: loop(exit(0)),
    ends: { outcome: 'failed', at: 22, cause: 'container web exits 0 (2 restarts)' },
  },
  {
    name: 'a termination message is part of the cause, on one line',
    frames: loop(exit(1, { message: 'Error: DATABASE_URL missing\n  at main.js:1\n' })),
    ends: {
      outcome: 'failed',
      at: 22,
      cause: 'container web exits 1: Error: DATABASE_URL missing at main.js:1 (2 restarts)',
    },
  },
  {
    name: 'a container killed for its memory is told with its limit',
    frames: loop(exit(137, { reason: 'OOMKilled' }), { memoryLimit: '256Mi' }),
    ends: {
      outcome: 'failed',
      at: 22,
      cause: 'container web was killed for its memory (OOMKilled at its limit of 256Mi) (2 restarts)',
    },
  },
  {
    name: 'a container without a limit can be killed for its memory too',
    frames: loop(exit(137, { reason: 'OOMKilled' })),
    ends: { outcome: 'failed', at: 22, cause: 'container web was killed for its memory (OOMKilled) (2 restarts)' },
  },
  {
    name: 'a signal is named by its number',
    frames: loop(exit(139)),
    ends: { outcome: 'failed', at: 22, cause: 'container web exits 139 (signal 11) (2 restarts)' },
  },
  {
    name: 'one crash before a good start is not a failure, once it lasts',
    frames: [
      creating,
      { at: 2, pods: [pod(terminated(broken))] },
      { at: 3, pods: [pod(running({ restartCount: 1, lastExit: broken }))], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 13, cause: '' },
  },
  {
    name: 'a crash loop without a probe is ready between two crashes and no success',
    frames: [
      creating,
      { at: 2, pods: [pod(running())], deployment: { availableReplicas: 0 } },
      { at: 4, pods: [pod(terminated(broken))] },
      { at: 5, pods: [pod(running({ restartCount: 1, lastExit: broken }))], deployment: complete() },
      { at: 8, pods: [pod(crashLooping(broken, 1))] },
      { at: 19, pods: [pod(running({ restartCount: 2, lastExit: broken }))], deployment: complete() },
      { at: 22, pods: [pod(crashLooping(broken, 2))] },
      { at: 43, pods: [pod(running({ restartCount: 3, lastExit: broken }))], deployment: complete() },
    ],
    ends: { outcome: 'failed', at: 24, cause: 'container web exits 1 (2 restarts)' },
  },
  {
    name: 'a crash that began anew after it had healed gets a new grace',
    frames: [
      creating,
      { at: 2, pods: [pod(waiting('CreateContainerError', 'device busy'))] },
      { at: 10, pods: [pod(running({ ready: false }))] },
      { at: 30, pods: [pod(waiting('CreateContainerError', 'device busy'))] },
      { at: 40, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 40, cause: '' },
  },
  {
    name: 'one doomed pod of three counts once it has used up its grace',
    frames: [
      {
        at: 3,
        deployment: { replicas: 3, statusReplicas: 3, updatedReplicas: 3, availableReplicas: 2 },
        pods: [
          pod(running(), { name: 'web-2-a' }),
          pod(crashLooping(broken, 4), { name: 'web-2-b' }),
          pod(running(), { name: 'web-2-c' }),
        ],
      },
    ],
    ends: { outcome: 'failed', at: 23, cause: 'container web exits 1 (4 restarts)' },
  },
  {
    name: 'an init container that crashes is named as one',
    frames: [
      {
        at: 2,
        pods: [pod([crashLooping(exit(2), 3, { name: 'migrate', role: 'init' }), waiting('PodInitializing')])],
      },
    ],
    ends: { outcome: 'failed', at: 22, cause: 'init container migrate exits 2 (3 restarts)' },
  },
  {
    name: 'an init container that ended well says nothing',
    frames: [
      {
        at: 2,
        pods: [pod([terminated(exit(0), { name: 'migrate', role: 'init', ready: true }), waiting('PodInitializing')])],
      },
      {
        at: 60,
        pods: [pod([terminated(exit(0), { name: 'migrate', role: 'init', ready: true }), running()])],
        deployment: complete(),
      },
    ],
    ends: { outcome: 'succeeded', at: 60, cause: '' },
  },
  {
    name: 'an init container that goes on for ever explains the time-out',
    frames: [
      { at: 2, pods: [pod([running({ name: 'migrate', role: 'init', ready: false }), waiting('PodInitializing')])] },
    ],
    ends: {
      outcome: 'timed-out',
      at: 240,
      cause: '1 old replica pending termination; init container migrate has not ended yet',
    },
  },
  {
    name: 'a sidecar that crashes fails the rollout though the app runs',
    frames: [{ at: 2, pods: [pod([crashLooping(broken, 3, { name: 'proxy', role: 'sidecar' }), running()])] }],
    ends: { outcome: 'failed', at: 22, cause: 'container proxy exits 1 (3 restarts)' },
  },
  {
    name: 'a sidecar that exits 0 has not done its work',
    frames: [{ at: 2, pods: [pod([crashLooping(exit(0), 2, { name: 'proxy', role: 'sidecar' }), running()])] }],
    ends: { outcome: 'failed', at: 22, cause: 'container proxy exits 0 (2 restarts)' },
  },
  {
    name: 'a sidecar that runs and never gets ready explains the time-out',
    frames: [
      {
        at: 2,
        pods: [
          pod([
            running({ name: 'proxy', role: 'sidecar', ready: false, readinessProbe: 'GET :15021/healthz' }),
            running(),
          ]),
        ],
      },
    ],
    ends: {
      outcome: 'timed-out',
      at: 240,
      cause:
        '1 old replica pending termination; container proxy runs but is not ready: readiness probe GET :15021/healthz does not succeed',
    },
  },
  {
    name: 'how an ephemeral container ends says nothing about the version',
    frames: [
      {
        at: 2,
        pods: [
          pod([
            running({ ready: false }),
            terminated(exit(137), { name: 'debugger', role: 'ephemeral', restartCount: 3, lastExit: exit(137) }),
          ]),
        ],
      },
      {
        at: 60,
        pods: [
          pod([
            running(),
            terminated(exit(1), { name: 'debugger', role: 'ephemeral', restartCount: 3, lastExit: exit(137) }),
          ]),
        ],
        deployment: complete(),
      },
    ],
    ends: { outcome: 'succeeded', at: 60, cause: '' },
  },
  {
    name: 'restarts from long before do not delay a success',
    frames: [{ at: 1, pods: [pod(running({ restartCount: 7, lastExit: before }))], deployment: complete() }],
    ends: { outcome: 'succeeded', at: 1, cause: '' },
  },
  {
    name: 'restarts of old pods on their way out do not delay a success',
    frames: [
      {
        at: 5,
        pods: [
          pod(running()),
          pod(crashLooping(broken, 9), { name: 'web-1-old', ownerUid: 'replica-set-1', deleting: true }),
        ],
        deployment: complete(),
      },
    ],
    ends: { outcome: 'succeeded', at: 5, cause: '' },
  },
  {
    name: 'a container whose state is not known yet says nothing',
    frames: [
      { at: 1, pods: [pod(container({ kind: 'unknown' }))] },
      { at: 30, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 30, cause: '' },
  },
];
