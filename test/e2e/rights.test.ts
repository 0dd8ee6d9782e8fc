import { expect, test } from 'vitest';
import type { Grant } from '../support/control-plane-users.ts';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { plane, startStage } from './control-plane-stage.ts';

const DEPLOYMENTS = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] };
const REPLICA_SETS = { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['list', 'watch'] };
const PODS = { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] };
const EVIDENCE: readonly Grant[] = [
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
];

/** An engine whose account has these rights, all of them in the stage's namespace only. */
function startWith(grants: readonly Grant[], env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const account = async (namespace: string) => {
    const user = await plane.createUser(
      namespace,
      grants.map((grant) => ({ ...grant, namespace })),
    );
    return user.token;
  };
  return startStage({ account, env });
}

test('with rights on Deployments of one namespace only, versions are deployed there without a stream of errors', async () => {
  await using stage = await startWith([DEPLOYMENTS], { ROLLOUT_TIMEOUT: '5s' });
  await stage.deployments.create('web');

  const good = await stage.deploy('web', '1.25.0\n');
  const bad = await stage.deploy('web', '1.26.0-missing\n');
  const fixed = await stage.deploy('web', '1.26.0\n');

  expect([good.phase, bad.phase, fixed.phase]).toEqual(['succeeded', 'timed-out', 'succeeded']);
  // The rest of the story would be told with rights that the answer names.
  expect(bad.evidence.join('\n')).toMatch(/not allowed to list pods in /);
  // The watch over the whole cluster, those of ReplicaSets and Pods with the lists in their place, and the events: each once.
  const refused = stage.proxy.requests.filter(({ status }) => status === 403);
  expect(refused.length).toBeLessThanOrEqual(6);
  const { logs } = stage.engine;
  expect(logs.filter(({ level }) => level >= 40)).toHaveLength(1);
});

test('the right to watch ReplicaSets and Pods adds the cause, in seconds', async () => {
  await using stage = await startWith([DEPLOYMENTS, REPLICA_SETS, PODS]);
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', '1.26.0-broken\n');

  expect(answer.phase).toBe('failed');
  expect(answer.summary).toContain('container app exits 1');
  expect(answer.evidence.join('\n')).toContain('not allowed to get pods/log');
});

test('the rights on logs and events add what the container said', async () => {
  await using stage = await startWith([DEPLOYMENTS, REPLICA_SETS, PODS, ...EVIDENCE]);
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', '1.26.0-broken\n');

  expect(answer.summary).toContain('DATABASE_URL is not set');
  expect(answer.evidence.join('\n')).toContain('event BackOff');
  expect(answer.evidence.join('\n')).not.toContain('not allowed');
});

test('without the right to patch the target waits, names the right, and is deployed once it is granted', async () => {
  const { promise, resolve } = Promise.withResolvers<() => Promise<void>>();
  const readOnly = { ...DEPLOYMENTS, verbs: ['get', 'list', 'watch'] };
  const account = async (namespace: string) => {
    const user = await plane.createUser(namespace, [{ ...readOnly, namespace }]);
    resolve(() => user.grant({ ...DEPLOYMENTS, namespace }));
    return user.token;
  };
  await using stage = await startStage({ account });
  const grant = await promise;
  await stage.deployments.create('web');

  const parked = await stage.deploy('web', '1.25.0\n');
  await grant();

  expect(parked.phase).toBe('blocked');
  expect(parked.summary).toMatch(/patch.*deployments/);
  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', { timeoutMs: 60_000 });
  expect(await stage.deployments.templateChanges('web')).toBe(1);
});

test('an account without any right is told so once, not again and again', async () => {
  await using stage = await startWith([]);
  await stage.deployments.create('web');

  const parked = await stage.deploy('web', '1.25.0\n');
  await stage.deploy('web', '1.26.0\n');

  expect(parked.phase).toBe('blocked');
  await eventually(() => stage.told('web').length === 2);
  stage.proxy.forget();
  await stage.deployments.create('api');
  await stage.deploy('api', '1.25.0\n');
  // The look that follows each answer may still be under way.
  expect(stage.requestsFor('web').length).toBeLessThanOrEqual(1);
  expect(stage.told('web')).toHaveLength(2);
});
