/** What the Deployment and its ReplicaSets say, and what is left over from before. */
import {
  complete,
  crashLooping,
  exit,
  NEW_IMAGE,
  NEW_SET,
  OLD_SET,
  pod,
  replicaFailure,
  replicaSet,
  running,
  unobserved,
  waiting,
} from '../../support/rollout-objects.ts';
import type { Story } from '../../support/rollout-story.ts';

const failing = (message: string) => [OLD_SET, { ...NEW_SET, conditions: [replicaFailure(message)] }];
const quota = 'pods "web-2-" is forbidden: exceeded quota: compute, requested: cpu=1, used: cpu=4, limited: cpu=4';
const hook = 'admission webhook "policy.example" denied the request: image is not signed';
const hookDown =
  'Internal error occurred: failed calling webhook "policy.example": failed to call webhook: Post "https://policy": dial tcp 10.1.2.3:443: connect: connection refused';
const noAccount =
  'pods "web-2-" is forbidden: error looking up service account prod/web: serviceaccount "web" not found';
const wrong =
  'Pod "web-2-abcde" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit';
const oldCrashing = pod(crashLooping(exit(1), 40), { name: 'web-1-old', ownerUid: OLD_SET.uid });

export const controllerStories: readonly Story[] = [
  {
    name: 'counters that are complete but older than the patch are not a success',
    frames: [
      { at: 0, deployment: unobserved() },
      { at: 31, deployment: {} },
      { at: 40, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 40, cause: '' },
  },
  {
    name: 'a view from before the patch is neither a success nor an override',
    frames: [
      {
        at: 0,
        deployment: {
          ...complete(),
          generation: 1,
          observedGeneration: 1,
          containers: [{ name: 'web', image: 'old' }],
        },
      },
      { at: 5, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 5, cause: '' },
  },
  {
    name: 'a controller that never looks is a time-out that says so',
    frames: [{ at: 0, deployment: unobserved() }],
    ends: { outcome: 'timed-out', at: 240, cause: 'the Deployment controller has not looked at the change yet' },
  },
  {
    name: 'the success is told as soon as the counters are complete',
    frames: [
      { at: 1, deployment: { replicas: 3, statusReplicas: 4, updatedReplicas: 1, availableReplicas: 3 } },
      { at: 8, deployment: { replicas: 3, statusReplicas: 4, updatedReplicas: 3, availableReplicas: 3 } },
      { at: 9, deployment: { replicas: 3, statusReplicas: 3, updatedReplicas: 3, availableReplicas: 2 } },
      { at: 9.5, deployment: complete(3) },
    ],
    ends: { outcome: 'succeeded', at: 9.5, cause: '' },
  },
  {
    name: 'old pods that crash do not fail the fix',
    frames: [
      { at: 1, pods: [oldCrashing, pod(waiting('ContainerCreating'))] },
      { at: 60, pods: [oldCrashing, pod(running())] },
      { at: 70, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 70, cause: '' },
  },
  {
    name: 'pods on their way out do not fail the rollout',
    frames: [
      { at: 1, pods: [pod(crashLooping(exit(1), 3), { deleting: true })] },
      { at: 60, pods: [pod(running(), { name: 'web-2-b' })], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 60, cause: '' },
  },
  {
    name: 'foreign pods that match the selector do not fail the rollout',
    frames: [
      { at: 1, pods: [pod(crashLooping(exit(1), 3), { ownerUid: 'somebody-else' })] },
      { at: 60, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 60, cause: '' },
  },
  {
    name: 'an older ReplicaSet with the same image is not the new one',
    frames: [
      {
        at: 1,
        deployment: { annotations: { 'deployment.kubernetes.io/revision': '6' } },
        replicaSets: [replicaSet(3, NEW_IMAGE), replicaSet(5, 'registry.example/web:1.24.0')],
        pods: [pod(waiting('InvalidImageName'), { ownerUid: 'replica-set-3' })],
      },
      {
        at: 30,
        deployment: { ...complete(), annotations: { 'deployment.kubernetes.io/revision': '6' } },
        replicaSets: [replicaSet(3, NEW_IMAGE), replicaSet(6, NEW_IMAGE)],
        pods: [pod(running(), { ownerUid: 'replica-set-6' })],
      },
    ],
    ends: { outcome: 'succeeded', at: 30, cause: '' },
  },
  {
    name: 'without revisions on the Deployment the newest ReplicaSet with the image is the new one',
    frames: [
      {
        at: 1,
        deployment: { annotations: {} },
        replicaSets: [replicaSet(3, NEW_IMAGE), replicaSet(6, NEW_IMAGE)],
        pods: [
          pod(running(), { ownerUid: 'replica-set-3' }),
          pod(waiting('InvalidImageName', '', { image: 'Web:1' }), { ownerUid: 'replica-set-6' }),
        ],
      },
    ],
    ends: { outcome: 'failed', at: 1, cause: 'container web: image Web:1 is not a valid name' },
  },
  {
    name: 'counters that are complete wait for the new ReplicaSet to be seen',
    frames: [
      { at: 1, deployment: complete(), replicaSets: [OLD_SET] },
      { at: 2, deployment: complete(), replicaSets: [OLD_SET, NEW_SET] },
    ],
    ends: { outcome: 'succeeded', at: 2, cause: '' },
  },
  {
    name: 'without the right to read ReplicaSets and pods the counters decide',
    frames: [
      { at: 1, replicaSets: [] },
      { at: 20, deployment: complete(), replicaSets: [] },
    ],
    ends: { outcome: 'succeeded', at: 20, cause: '' },
  },
  {
    name: 'a policy that denies the pods fails at once',
    frames: [{ at: 2, replicaSets: failing(hook) }],
    ends: { outcome: 'failed', at: 2, cause: `pods cannot be created: ${hook}` },
  },
  {
    name: 'a policy that denies the pods of a service called timeout fails at once',
    frames: [
      { at: 2, replicaSets: failing('pods "timeout-2-x" is forbidden: violates PodSecurity "restricted:latest"') },
    ],
    ends: { outcome: 'failed', at: 2 },
  },
  {
    name: 'a namespace that goes during the rollout takes the Deployment along, which is what is told',
    frames: [
      {
        at: 2,
        replicaSets: failing(
          'pods "web-2-x" is forbidden: unable to create new content in namespace prod because it is being terminated',
        ),
      },
      { at: 6, gone: true },
    ],
    ends: { outcome: 'blocked', at: 6 },
  },
  {
    name: 'a policy server that is down gets its grace',
    frames: [{ at: 2, replicaSets: failing(hookDown) }],
    ends: { outcome: 'failed', at: 22, cause: `pods cannot be created: ${hookDown}` },
  },
  {
    name: 'a missing service account fails at once',
    frames: [{ at: 2, replicaSets: failing(noAccount) }],
    ends: { outcome: 'failed', at: 2, cause: `pods cannot be created: ${noAccount}` },
  },
  {
    name: 'an invalid pod fails at once',
    frames: [{ at: 2, replicaSets: failing(wrong) }],
    ends: { outcome: 'failed', at: 2, cause: `pods cannot be created: ${wrong}` },
  },
  {
    name: 'a quota gets its grace, for the old pods may free it',
    frames: [{ at: 2, replicaSets: failing(quota) }],
    ends: { outcome: 'failed', at: 22, cause: `pods cannot be created: ${quota}` },
  },
  {
    name: 'a quota freed by the old pods is not a failure',
    frames: [
      { at: 2, replicaSets: failing(quota) },
      { at: 15, pods: [pod(waiting('ContainerCreating'))] },
      { at: 40, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 40, cause: '' },
  },
  {
    name: 'what the old ReplicaSet was denied says nothing about the new one',
    frames: [
      {
        at: 1,
        deployment: { conditions: [replicaFailure(hook)] },
        replicaSets: [{ ...OLD_SET, conditions: [replicaFailure(hook)] }],
      },
      { at: 25, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 25, cause: '' },
  },
  {
    name: 'a denial known from the Deployment alone gets the grace, for it may be an old one',
    frames: [{ at: 1, deployment: { conditions: [replicaFailure(hook)] }, replicaSets: [] }],
    ends: { outcome: 'failed', at: 21, cause: `pods cannot be created: ${hook}` },
  },
];
