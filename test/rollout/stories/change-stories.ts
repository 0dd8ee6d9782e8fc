/** Rollouts during which somebody changes something, and rollouts of an unusual shape. */
import {
  complete,
  crashLooping,
  exit,
  NEW_IMAGE,
  OLD_IMAGE,
  OLD_SET,
  pod,
  replicaSet,
  running,
  waiting,
} from '../../support/rollout-objects.ts';
import type { Story } from '../../support/rollout-story.ts';

const pinned = `registry.example/web@sha256:${'a'.repeat(64)}`;

const HELD = 'Deployment web is paused; it goes on after "kubectl rollout resume deployment/web -n prod"';

export const changeStories: readonly Story[] = [
  {
    name: 'a paused rollout has no deadline and goes on when it is resumed',
    frames: [
      { at: 1, deployment: { paused: true, updatedReplicas: 0, statusReplicas: 1 } },
      { at: 500, deployment: {} },
      { at: 510, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 510, cause: '', progress: [`1 s: ${HELD}`] },
  },
  {
    name: 'a rollout that stays paused waits and says so',
    frames: [{ at: 1, deployment: { paused: true, updatedReplicas: 0, statusReplicas: 1 } }],
    ends: { outcome: 'running', cause: 'Deployment web is paused' },
  },
  {
    name: 'time before a pause does not count against the rest',
    frames: [
      { at: 1, deployment: {} },
      { at: 200, deployment: { paused: true } },
      { at: 210, deployment: {} },
    ],
    ends: { outcome: 'timed-out', at: 450, cause: '1 old replica pending termination' },
  },
  {
    name: 'each pause is told',
    frames: [
      { at: 1, deployment: { paused: true } },
      { at: 10, deployment: {} },
      { at: 20, deployment: { paused: true } },
      { at: 30, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 30, progress: [`1 s: ${HELD}`, `20 s: ${HELD}`] },
  },
  {
    name: 'a complete Deployment whose new ReplicaSet is not shown is a success after a moment',
    frames: [{ at: 5, deployment: complete(), replicaSets: [OLD_SET] }],
    ends: { outcome: 'succeeded', at: 8, cause: '' },
  },
  {
    name: 'no replicas: a success that says what it is worth',
    frames: [{ at: 1, deployment: complete(0), replicaSets: [OLD_SET, replicaSet(2, NEW_IMAGE, { replicas: 0 })] }],
    ends: { outcome: 'succeeded', at: 1, cause: '0 replicas: nothing to verify' },
  },
  {
    name: 'an autoscaler that adds replicas in the middle is waited for',
    frames: [
      { at: 1, deployment: { replicas: 2, updatedReplicas: 1, statusReplicas: 3 } },
      { at: 10, deployment: { ...complete(2), generation: 3, observedGeneration: 2, replicas: 4 } },
      { at: 11, deployment: { ...complete(2), generation: 3, observedGeneration: 3, replicas: 4 } },
      { at: 30, deployment: { ...complete(4), generation: 3, observedGeneration: 3 } },
    ],
    ends: { outcome: 'succeeded', at: 30, cause: '' },
  },
  {
    name: 'a scale-down in the middle is a success when what is left is new and available',
    frames: [
      { at: 1, deployment: { replicas: 5, updatedReplicas: 2, statusReplicas: 6, availableReplicas: 4 } },
      { at: 10, deployment: { ...complete(1), generation: 3, observedGeneration: 3 } },
    ],
    ends: { outcome: 'succeeded', at: 10, cause: '' },
  },
  {
    name: 'scaling to nothing in the middle ends the rollout',
    frames: [
      { at: 1, deployment: {} },
      { at: 10, deployment: { ...complete(0), generation: 3, observedGeneration: 3 } },
    ],
    ends: { outcome: 'succeeded', at: 10, cause: '0 replicas: nothing to verify' },
  },
  {
    name: 'Recreate: old pods that are still ready are not a success',
    frames: [
      { at: 1, deployment: { ...complete(), updatedReplicas: 0 } },
      { at: 10, deployment: { statusReplicas: 0, updatedReplicas: 0, availableReplicas: 0 } },
      { at: 11, deployment: { statusReplicas: 1, updatedReplicas: 1, availableReplicas: 0 } },
      { at: 20, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 20, cause: '' },
  },
  {
    name: 'Recreate: an old pod that never goes explains the time-out',
    frames: [
      {
        at: 1,
        deployment: { statusReplicas: 0, updatedReplicas: 0, availableReplicas: 0 },
        replicaSets: [OLD_SET],
        pods: [pod(running(), { name: 'web-1-abcde', ownerUid: OLD_SET.uid, deleting: true })],
      },
    ],
    ends: {
      outcome: 'timed-out',
      at: 240,
      cause: '0 of 1 replicas updated; old pod web-1-abcde is still terminating',
    },
  },
  {
    name: 'minReadySeconds: ready is not yet available',
    frames: [
      {
        at: 5,
        deployment: { statusReplicas: 1, availableReplicas: 0 },
        pods: [pod(running())],
      },
      { at: 65, deployment: complete(), pods: [pod(running())] },
    ],
    ends: { outcome: 'succeeded', at: 65, cause: '' },
  },
  {
    name: 'another image set by somebody else ends the rollout as overridden, and names the writer',
    frames: [
      { at: 1, deployment: {} },
      {
        at: 12,
        deployment: {
          generation: 3,
          containers: [{ name: 'web', image: OLD_IMAGE }],
          templateManager: 'kubectl-rollout',
        },
      },
    ],
    ends: { outcome: 'overridden', at: 12, cause: `kubectl-rollout set the image to ${OLD_IMAGE}; left as it is` },
  },
  {
    name: 'a container that somebody removed ends the rollout as overridden',
    frames: [
      {
        at: 12,
        deployment: { generation: 3, containers: [{ name: 'app', image: NEW_IMAGE }], templateManager: 'helm' },
      },
    ],
    ends: { outcome: 'overridden', at: 12, cause: 'helm removed container web; left as it is' },
  },
  {
    name: 'a writer the server does not name is another client',
    frames: [
      {
        at: 12,
        deployment: {
          generation: 3,
          containers: [{ name: 'web', image: OLD_IMAGE }],
          templateManager: undefined as never,
        },
      },
    ],
    ends: { outcome: 'overridden', at: 12, cause: `another client set the image to ${OLD_IMAGE}; left as it is` },
  },
  {
    name: 'a restart by somebody else is judged by its own ReplicaSet',
    frames: [
      { at: 1, deployment: {}, pods: [pod(waiting('ContainerCreating'))] },
      {
        at: 10,
        deployment: { generation: 3, observedGeneration: 3, annotations: { 'deployment.kubernetes.io/revision': '3' } },
        replicaSets: [OLD_SET, replicaSet(2, NEW_IMAGE), replicaSet(3, NEW_IMAGE)],
        pods: [pod(crashLooping(exit(1), 5)), pod(running(), { name: 'web-3-abcde', ownerUid: 'replica-set-3' })],
      },
      {
        at: 60,
        deployment: {
          ...complete(),
          generation: 3,
          observedGeneration: 3,
          annotations: { 'deployment.kubernetes.io/revision': '3' },
        },
        replicaSets: [OLD_SET, replicaSet(3, NEW_IMAGE)],
        pods: [pod(running(), { name: 'web-3-abcde', ownerUid: 'replica-set-3' })],
      },
    ],
    ends: { outcome: 'succeeded', at: 60, cause: '' },
  },
  {
    name: 'an image that admission pinned to a digest is ours',
    attempt: { appliedImage: pinned },
    frames: [
      {
        at: 1,
        deployment: { containers: [{ name: 'web', image: pinned }] },
        replicaSets: [OLD_SET, replicaSet(2, pinned)],
      },
      {
        at: 9,
        deployment: { ...complete(), containers: [{ name: 'web', image: pinned }] },
        replicaSets: [OLD_SET, replicaSet(2, pinned)],
      },
    ],
    ends: { outcome: 'succeeded', at: 9, cause: '' },
  },
  {
    name: 'another container first in the template changes nothing',
    frames: [
      {
        at: 1,
        deployment: {
          containers: [
            { name: 'proxy', image: 'envoy:1' },
            { name: 'web', image: NEW_IMAGE },
          ],
        },
      },
      {
        at: 9,
        deployment: {
          ...complete(),
          containers: [
            { name: 'proxy', image: 'envoy:1' },
            { name: 'web', image: NEW_IMAGE },
          ],
        },
      },
    ],
    ends: { outcome: 'succeeded', at: 9, cause: '' },
  },
  {
    name: 'an API server that is away for 40 seconds is not a verdict',
    frames: [
      { at: 1, deployment: {} },
      { at: 5, unreachable: true },
      { at: 45, deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 45, cause: '' },
  },
  {
    name: 'an API server that stays away is still no verdict',
    frames: [{ at: 5, unreachable: true }],
    ends: { outcome: 'running', cause: 'GET deployment web: connection refused' },
  },
  {
    name: 'a Deployment that is deleted during the rollout parks the target',
    frames: [
      { at: 1, deployment: {} },
      { at: 8, gone: true },
    ],
    ends: {
      outcome: 'blocked',
      at: 8,
      cause: 'the Deployment was deleted during the rollout; deployed automatically when it is back',
    },
  },
];
