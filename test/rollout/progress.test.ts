import { expect, test } from 'vitest';
import { progressOf } from '../../src/rollout/progress.ts';
import { complete, deployment } from '../support/rollout-objects.ts';

test.each([
  [
    'nothing counts before the controller has looked',
    { ...complete(3), generation: 5, observedGeneration: 4 },
    { kind: 'unobserved' },
  ],
  [
    'new replicas are still to be made',
    { replicas: 3, updatedReplicas: 1 },
    { kind: 'running', detail: '1 of 3 replicas updated' },
  ],
  [
    'old replicas are pending termination',
    { ...complete(3), statusReplicas: 5 },
    { kind: 'running', detail: '2 old replicas pending termination' },
  ],
  [
    'new replicas are not available yet',
    { ...complete(3), availableReplicas: 2 },
    { kind: 'running', detail: '2 of 3 replicas available' },
  ],
  ['all are new and available', complete(3), { kind: 'complete' }],
  ['none are wanted and none are left', complete(0), { kind: 'complete' }],
  ['more than wanted are new, and all are available', { ...complete(3), replicas: 2 }, { kind: 'complete' }],
] as const)('%s', (_name, change, progress) => {
  expect(progressOf(deployment(change))).toEqual(progress);
});
