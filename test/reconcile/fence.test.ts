import { expect, test } from 'vitest';
import { fencedPatch } from '../../src/reconcile/fence.ts';
import { attempt } from '../support/decision-desk.ts';
import { deployment, NEW_IMAGE } from '../support/rollout-objects.ts';

const OURS = '/metadata/annotations/deployment-k8s-engine~1attempt';

test('the first patch tests what it met, and that nothing of ours was there', () => {
  expect(fencedPatch(deployment({ generation: 7, annotations: { other: 'x' } }), 2, attempt())).toEqual([
    { op: 'test', path: '/metadata/uid', value: 'deployment-1' },
    { op: 'test', path: '/metadata/generation', value: 7 },
    { op: 'test', path: '/spec/template/spec/containers/2/name', value: 'web' },
    { op: 'test', path: OURS, value: null },
    { op: 'add', path: OURS, value: 'attempt-1' },
    { op: 'add', path: '/metadata/annotations/deployment-k8s-engine~1version', value: '1.25.0' },
    { op: 'add', path: '/metadata/annotations/kubernetes.io~1change-cause', value: 'deployment-k8s-engine: 1.25.0' },
    { op: 'replace', path: '/spec/template/spec/containers/2/image', value: NEW_IMAGE },
  ]);
});

test('a later patch tests the attempt before it', () => {
  const annotations = { 'deployment-k8s-engine/attempt': 'attempt-0' };

  expect(fencedPatch(deployment({ annotations }), 0, attempt())).toContainEqual({
    op: 'test',
    path: OURS,
    value: 'attempt-0',
  });
});

test('a Deployment without annotations gets the whole map, unless somebody was faster', () => {
  const patch = fencedPatch(deployment({ annotations: {} }), 0, attempt());

  expect(patch).toContainEqual({ op: 'test', path: '/metadata/annotations', value: null });
  expect(patch.filter(({ path }) => path.startsWith('/metadata/annotations/'))).toEqual([]);
});

test.each([
  ['rollback', 'deployment-k8s-engine: rolled back to 1.25.0'],
  ['correct-drift', 'deployment-k8s-engine: 1.25.0 again, after a change made outside'],
] as const)('a %s says so in the history of the rollout', (kind, value) => {
  const patch = fencedPatch(deployment({ annotations: { other: 'x' } }), 0, attempt({ kind }));

  expect(patch).toContainEqual(
    expect.objectContaining({ path: '/metadata/annotations/kubernetes.io~1change-cause', value }),
  );
});
