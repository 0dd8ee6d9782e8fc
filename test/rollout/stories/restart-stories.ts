/** With `MAX_RESTARTS` a number of restarts ends the rollout, however little time has passed. */
import { complete, crashLooping, exit, PATCHED_AT, pod, running, terminated } from '../../support/rollout-objects.ts';
import type { Story } from '../../support/rollout-story.ts';

const broken = exit(1);
const before = exit(1, { finishedAt: PATCHED_AT - 3_600_000 });

export const restartStories: readonly Story[] = [
  {
    name: 'MAX_RESTARTS fails a crash loop before its grace is over',
    policy: { maxRestarts: 2 },
    frames: [
      { at: 2, pods: [pod(crashLooping(broken, 1))] },
      { at: 5, pods: [pod(crashLooping(broken, 2))] },
      { at: 9, pods: [pod(crashLooping(broken, 3))] },
    ],
    ends: { outcome: 'failed', at: 9, cause: 'container web exits 1 (3 restarts)' },
  },
  {
    name: 'MAX_RESTARTS counts between two crashes too, when the container is ready',
    policy: { maxRestarts: 0 },
    frames: [{ at: 4, pods: [pod(running({ restartCount: 1, lastExit: broken }))], deployment: complete() }],
    ends: { outcome: 'failed', at: 4, cause: 'container web exits 1 (1 restart)' },
  },
  {
    name: 'MAX_RESTARTS leaves out restarts from long before the patch',
    policy: { maxRestarts: 0 },
    frames: [{ at: 4, pods: [pod(running({ restartCount: 7, lastExit: before }))], deployment: complete() }],
    ends: { outcome: 'succeeded', at: 4, cause: '' },
  },
  {
    name: 'MAX_RESTARTS says nothing about what somebody debugs with',
    policy: { maxRestarts: 0 },
    frames: [
      {
        at: 4,
        pods: [pod([running(), terminated(broken, { name: 'debugger', role: 'ephemeral', restartCount: 3 })])],
        deployment: complete(),
      },
    ],
    ends: { outcome: 'succeeded', at: 4, cause: '' },
  },
  {
    name: 'MAX_RESTARTS does not end a rollout on hold',
    policy: { maxRestarts: 0 },
    frames: [{ at: 4, pods: [pod(crashLooping(broken, 3))], deployment: { paused: true } }],
    ends: { outcome: 'running', cause: 'Deployment web is paused' },
  },
];
