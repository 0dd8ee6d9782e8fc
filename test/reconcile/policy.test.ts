import { expect, test } from 'vitest';
import { allowsNamespace } from '../../src/reconcile/policy.ts';
import { STORY_POLICY } from '../support/rollout-story.ts';

const allows = (namespaces: readonly string[], namespace: string) =>
  allowsNamespace({ ...STORY_POLICY, namespaces }, namespace);

test.each([
  [['*'], 'prod', true],
  [['prod'], 'prod', true],
  [['prod'], 'prod-2', false],
  [['prod'], 'my-prod', false],
  [['dev-*', 'stage'], 'dev-anna', true],
  [['dev-*'], 'dev', false],
  [['*-eu'], 'prod-eu', true],
  [['a.c'], 'abc', false],
  [[], 'prod', false],
  [['*'], 'kube-system', false],
  [['k*'], 'kube-system', false],
  [['kube-system'], 'kube-system', true],
  [['kube-*'], 'kube-public', true],
  [['kube-system'], 'kube-public', false],
])('%j and the namespace %s: %s', (namespaces, namespace, allowed) => {
  expect(allows(namespaces, namespace)).toBe(allowed);
});
