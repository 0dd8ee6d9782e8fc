import { expect, test } from 'vitest';
import { VERSION_ANNOTATION } from '../../src/domain/signature.ts';
import { targetKey } from '../../src/domain/target.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import { decide } from '../../src/reconcile/decide.ts';
import type { ClusterLook, Decision } from '../../src/reconcile/decision.ts';
import type { Policy } from '../../src/reconcile/policy.ts';
import { ask, watched } from '../support/decision-desk.ts';
import { complete, deployment, NEW_IMAGE, OLD_IMAGE, PATCHED_AT, progressing } from '../support/rollout-objects.ts';
import { STORY_POLICY } from '../support/rollout-story.ts';

const TARGET = { service: 'web', namespace: 'prod' };

/** The file and `.last` hold 1.25.0, and there is no record. */
function adopt(cluster: ClusterLook, policy: Partial<Policy> = {}): Decision {
  const observation = {
    key: targetKey(TARGET),
    target: TARGET,
    desired: { kind: 'wanted', content: 'c0ffee', request: { version: '1.25.0' } },
    last: '1.25.0',
    cluster,
    elapsedMs: 0,
    idleMs: 0,
    watchedMs: 0,
    completeForMs: 0,
    ageOf: () => 0,
  } as const;
  return decide(observation, undefined, { ...STORY_POLICY, ...policy }, { now: PATCHED_AT, newId: 'attempt-1' });
}

function running(image: string, change: Partial<DeploymentView> = {}): ClusterLook {
  const containers = [{ name: 'web', image }];
  const look = { replicaSets: [], pods: [] };
  return { kind: 'deployment', deployment: deployment({ containers, ...change }), look, fresh: true };
}

const longAgo = progressing('True', 'NewReplicaSetAvailable', 0);
const byHand = { templateManager: 'kubectl-set' };

test('a version of .last that runs is taken over without a word', () => {
  expect(adopt(running(NEW_IMAGE, byHand))).toMatchObject({ kind: 'remember', record: { phase: 'succeeded' } });
});

test('what was taken over is where a rollback goes, and what a change made outside is compared with', () => {
  const { record } = { record: undefined, ...adopt(running(NEW_IMAGE, complete(1, { conditions: [longAgo] }))) };
  const file = { kind: 'wanted', content: 'c0ffee', request: { version: '1.25.0' } } as const;

  expect(record?.verified).toMatchObject({ version: '1.25.0', image: NEW_IMAGE, container: 'web' });
  expect(ask({ file, ...(record && { record }), cluster: watched() })).toEqual({ kind: 'nothing' });
  expect(
    ask({ file, ...(record && { record }), cluster: watched({ containers: [{ name: 'web', image: OLD_IMAGE }] }) }),
  ).toMatchObject({ kind: 'conclude', event: { what: 'drifted' } });
});

test.each([
  ['stands unfinished', {}],
  ['has no pods', complete(0)],
])('a version of .last whose rollout %s is no place for a rollback to go to', (_name, change) => {
  const { record } = { record: undefined, ...adopt(running(NEW_IMAGE, change)) };

  expect(record).toMatchObject({ phase: 'succeeded' });
  expect(record).not.toHaveProperty('verified');
});

test('the cluster is asked before .last is believed', () => {
  expect(adopt({ kind: 'unseen' })).toEqual({ kind: 'look-fresh' });
});

test('a version of .last that does not run is told, and left as it is', () => {
  const decision = adopt(running(OLD_IMAGE, byHand));

  expect(decision).toMatchObject({ kind: 'conclude', event: { what: 'drifted', version: '1.25.0' } });
  expect(decision).toHaveProperty(
    'event.summary',
    `web/prod 1.25.0: .last holds the version of the file, but the cluster runs ${OLD_IMAGE} (set by kubectl-set); ` +
      'it is left as it is; save the dep file with new content to deploy over it',
  );
});

test('what was told of at the start is not told again, and told when it changes once more', () => {
  const { record } = { record: undefined, ...adopt(running(OLD_IMAGE, byHand)) };
  const file = { kind: 'wanted', content: 'c0ffee', request: { version: '1.25.0' } } as const;
  const look = (image: string) =>
    ask({ file, ...(record && { record }), cluster: watched({ containers: [{ name: 'web', image }] }) });

  expect(look(OLD_IMAGE)).toEqual({ kind: 'nothing' });
  expect(look('registry.example/web:0.9.0')).toMatchObject({ kind: 'conclude', event: { what: 'drifted' } });
});

test('a version of .last that does not run is deployed with DRIFT=correct, and passed over with ignore', () => {
  expect(adopt(running(OLD_IMAGE, byHand), { drift: 'correct' }).kind).toBe('patch');
  expect(adopt(running(OLD_IMAGE, byHand), { drift: 'ignore' }).kind).toBe('remember');
});

test('a version of .last is deployed when the engine itself has deployed another one since', () => {
  const annotations = { [VERSION_ANNOTATION]: '1.26.0' };

  expect(adopt(running('registry.example/web:1.26.0', { annotations })).kind).toBe('patch');
});

test('an image that admission made of the version of .last is taken over', () => {
  const annotations = { [VERSION_ANNOTATION]: '1.25.0' };

  expect(adopt(running(`registry.example/web@sha256:${'a'.repeat(64)}`, { annotations })).kind).toBe('remember');
});
