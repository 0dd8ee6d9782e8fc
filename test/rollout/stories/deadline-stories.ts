/** How long a rollout may take: the operator's limit, the Deployment's own, and what is left over from the one before. */
import type { DeploymentView } from '../../../src/domain/workload.ts';
import { complete, PATCHED_AT, pod, progressing, unobserved, waiting } from '../../support/rollout-objects.ts';
import type { Frame, Story } from '../../support/rollout-story.ts';

const exceeded = progressing('False', 'ProgressDeadlineExceeded', PATCHED_AT + 61_000);
const leftOver = progressing('False', 'ProgressDeadlineExceeded', 0);

/** Four replicas, of which so many are new, there at all, and available. */
function stepped(updatedReplicas: number, statusReplicas: number, availableReplicas: number): Partial<DeploymentView> {
  return { replicas: 4, updatedReplicas, statusReplicas, availableReplicas };
}

const oneByOne: readonly Frame[] = [
  { at: 1, deployment: stepped(1, 5, 4) },
  { at: 100, deployment: stepped(2, 5, 4) },
  { at: 200, deployment: stepped(3, 5, 4) },
  { at: 300, deployment: stepped(4, 5, 4) },
];

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
    ends: { outcome: 'timed-out', at: 70, cause: 'no progress for 60 s: 1 old replica pending termination' },
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
  {
    name: 'replicas that come one by one are no failure, however many',
    frames: [...oneByOne, { at: 400, deployment: complete(4) }],
    ends: { outcome: 'succeeded', at: 400, cause: '' },
  },
  {
    name: 'replicas that come no more time out four minutes after the last one',
    frames: oneByOne,
    ends: { outcome: 'timed-out', at: 540, cause: '1 old replica pending termination' },
  },
  {
    name: 'replicas that come and go are no progress',
    frames: [1, 60, 120, 180, 230].map((at, index) => ({ at, deployment: stepped(4, 5, index % 2 === 0 ? 3 : 4) })),
    ends: { outcome: 'timed-out', at: 240, cause: '1 old replica pending termination' },
  },
  {
    name: 'the limit of the operator is for the whole rollout',
    policy: { timeoutMs: 240_000 },
    frames: oneByOne,
    ends: { outcome: 'timed-out', at: 240, cause: '3 of 4 replicas updated' },
  },
  {
    name: 'a pod that must be ready for longer than our limit gets that time',
    frames: [
      { at: 1, deployment: { minReadySeconds: 300 } },
      { at: 320, deployment: { ...complete(), minReadySeconds: 300 } },
    ],
    ends: { outcome: 'succeeded', at: 320, cause: '' },
  },
];
