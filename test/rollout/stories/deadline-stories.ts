/** How long a rollout may take: the operator's limit, the Deployment's own, and what is left over from the one before. */
import { complete, PATCHED_AT, pod, progressing, unobserved, waiting } from '../../support/rollout-objects.ts';
import type { Story } from '../../support/rollout-story.ts';

const exceeded = progressing('False', 'ProgressDeadlineExceeded', PATCHED_AT + 61_000);
const leftOver = progressing('False', 'ProgressDeadlineExceeded', 0);

export const deadlineStories: readonly Story[] = [
  {
    name: 'a deadline left over from the last rollout is not a failure',
    frames: [
      { at: 0, deployment: { ...unobserved(), conditions: [leftOver] } },
      { at: 1, deployment: { conditions: [leftOver], progressDeadlineSeconds: 60 } },
      { at: 50, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 50, cause: '' },
  },
  {
    name: 'a deadline left over from just before the patch is not a failure, however long a controller takes',
    frames: [
      {
        at: 1,
        deployment: {
          conditions: [progressing('False', 'ProgressDeadlineExceeded', PATCHED_AT - 1_000)],
          progressDeadlineSeconds: 20,
          updatedReplicas: 0,
        },
      },
      { at: 25, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 25, cause: '' },
  },
  {
    name: 'the Deployment’s own deadline counts once as much time has passed',
    frames: [
      { at: 1, deployment: { progressDeadlineSeconds: 60 }, pods: [pod(waiting('ContainerCreating'))] },
      {
        at: 62,
        deployment: { progressDeadlineSeconds: 60, conditions: [exceeded] },
        pods: [pod(waiting('ContainerCreating'))],
      },
    ],
    ends: {
      outcome: 'timed-out',
      at: 62,
      cause: 'no progress for 60 s: 1 old replica pending termination; container web is not created yet',
    },
  },
  {
    name: 'a controller that counts from the start of the second is early, and believed when its time has come',
    frames: [
      { at: 1, deployment: { progressDeadlineSeconds: 60 } },
      { at: 59.2, deployment: { progressDeadlineSeconds: 60, conditions: [exceeded] } },
    ],
    ends: { outcome: 'timed-out', at: 60, cause: 'no progress for 60 s: 1 old replica pending termination' },
  },
  {
    name: 'a deadline of one second is believed too',
    attempt: { startedAt: PATCHED_AT + 800 },
    frames: [
      {
        at: 0.4,
        deployment: {
          progressDeadlineSeconds: 1,
          conditions: [progressing('False', 'ProgressDeadlineExceeded', PATCHED_AT + 1_000)],
        },
      },
    ],
    ends: { outcome: 'timed-out', at: 1, cause: 'no progress for 1 s: 1 old replica pending termination' },
  },
  {
    name: 'time in which the API server was away does not count against a rollout',
    policy: { timeoutMs: 60_000 },
    frames: [
      { at: 1 },
      { at: 20, unreachable: true },
      { at: 100, deployment: unobserved() },
      { at: 115, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 115, cause: '' },
  },
  {
    name: 'a rollout that does not move when the API server is back has half a minute',
    policy: { timeoutMs: 60_000 },
    frames: [{ at: 1 }, { at: 20, unreachable: true }, { at: 100 }],
    ends: { outcome: 'timed-out', at: 130, cause: '1 old replica pending termination' },
  },
  {
    name: 'a deadline that passed while the API server was away waits as long',
    frames: [
      { at: 1, deployment: { progressDeadlineSeconds: 60 } },
      { at: 20, unreachable: true },
      { at: 100, deployment: { progressDeadlineSeconds: 60, conditions: [exceeded] } },
      { at: 120, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 120, cause: '' },
  },
  {
    name: 'without the condition the limit is the own deadline and a little',
    frames: [{ at: 1, deployment: { progressDeadlineSeconds: 60 } }],
    ends: { outcome: 'timed-out', at: 70, cause: '1 old replica pending termination' },
  },
  {
    name: 'the operator’s limit goes before the Deployment’s',
    policy: { timeoutMs: 30_000 },
    frames: [{ at: 1, deployment: { progressDeadlineSeconds: 120 } }],
    ends: { outcome: 'timed-out', at: 30, cause: '1 old replica pending termination' },
  },
  {
    name: 'the API server’s default deadline is nobody’s wish: four minutes',
    frames: [{ at: 1, deployment: { progressDeadlineSeconds: 600 } }],
    ends: { outcome: 'timed-out', at: 240, cause: '1 old replica pending termination' },
  },
];
