import { expect, test } from 'vitest';
import { MERGE_PATCH } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { listAt, numberAt, textAt } from '../support/json.ts';
import { startStage } from './control-plane-stage.ts';

test('with 0 replicas the version is set, and the answer says that nothing was verified', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { replicas: 0, untilAvailable: false });

  const answer = await stage.deploy('web', '1.25.0-missing\n');

  expect(answer).toMatchObject({ phase: 'succeeded' });
  expect(answer.summary).toContain('0 replicas');
});

test('a Deployment scaled in the middle of its rollout is judged by its new size', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { podAnnotations: { 'sandbox/behaviour': 'ready after=4s' } });
  await stage.write('web', '1.25.0\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  await stage.deployments.change('web', { spec: { replicas: 4 } });
  const answer = await stage.concluded('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  expect(numberAt(await stage.deployments.read('web'), 'status', 'availableReplicas')).toBe(4);
});

test('the strategy Recreate is seen through', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { replicas: 2, spec: { strategy: { type: 'Recreate' } } });

  expect(await stage.deploy('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(await stage.deploy('web', '1.26.0-missing\n')).toMatchObject({ phase: 'failed' });
});

test('an old pod that never goes explains the time-out of a Recreate, and the late success is told', async () => {
  await using stage = await startStage({ env: { ROLLOUT_TIMEOUT: '3s' } });
  await stage.deployments.create('web', { spec: { strategy: { type: 'Recreate' } } });
  const pods = `/api/v1/namespaces/${stage.namespace}/pods`;
  const [old] = listAt(await stage.api.ask('GET', pods), 'items');
  const name = textAt(old, 'metadata', 'name');
  const setFinalizers = (finalizers: readonly string[]) =>
    stage.api.ask('PATCH', `${pods}/${name}`, { body: { metadata: { finalizers } }, contentType: MERGE_PATCH });
  await setFinalizers(['example.com/stuck']);

  const answer = await stage.deploy('web', '1.25.0\n');
  await setFinalizers([]);

  expect(answer.phase).toBe('timed-out');
  expect(answer.summary).toContain(`old pod ${name} is still terminating`);
  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', { timeoutMs: 30_000 });
});

test('minReadySeconds is waited for', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { spec: { minReadySeconds: 2 } });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  // The API server counts whole seconds.
  expect(durationMs(answer.whole)).toBeGreaterThanOrEqual(1_000);
  expect(numberAt(await stage.deployments.read('web'), 'status', 'availableReplicas')).toBe(1);
});

test("the Deployment's own progress deadline ends a rollout that goes nowhere", async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { spec: { progressDeadlineSeconds: 3 } });

  const answer = await stage.deploy('web', '1.25.0-unready\n');

  expect(answer.phase).toBe('timed-out');
  expect(answer.summary).toContain('no progress for 3 s');
  expect(answer.summary).toContain('container app runs but is not ready');
});

test('a deadline that the rollout before has missed does not fail the next one', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { spec: { progressDeadlineSeconds: 3 } });
  await stage.deploy('web', '1.25.0-unready\n');

  const answer = await stage.deploy('web', '1.26.0\n');

  expect(answer.phase).toBe('succeeded');
});

test('a Deployment deleted and made again in the middle of a rollout gets the version of its file', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { podAnnotations: { 'sandbox/behaviour': 'ready after=4s' } });
  await stage.write('web', '1.25.0\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  await stage.deployments.remove('web');
  await stage.deployments.create('web', { image: 'nginx:0.9' });

  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', { timeoutMs: 30_000 });
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.25.0');
});

test('a Deployment deleted and made again after its success gets the version of its file', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  await stage.deployments.remove('web');
  await stage.deployments.create('web', { image: 'nginx:0.9' });

  await eventually(async () => (await stage.deployments.images('web')).at(-1) === 'nginx:1.25.0', {
    timeoutMs: 30_000,
  });
  await eventually(() => stage.told('web').length === 2, { timeoutMs: 30_000 });
  expect(stage.told('web').map(({ title }) => title)).toEqual(['Deployment Successful', 'Deployment Successful']);
});

test('pods that a quota forbids fail the rollout with the words of the API server', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const quota = { metadata: { name: 'one-pod' }, spec: { hard: { pods: '1' } } };
  await stage.api.ask('POST', `/api/v1/namespaces/${stage.namespace}/resourcequotas`, { body: quota });
  await eventually(async () => {
    const path = `/api/v1/namespaces/${stage.namespace}/resourcequotas/one-pod`;
    return JSON.stringify(await stage.api.ask('GET', path)).includes('"used"');
  });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('failed');
  expect(answer.summary).toContain('exceeded quota');
});

test('an init container that crashes is named', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deployments.change('web', {
    spec: {
      template: {
        metadata: { annotations: { 'sandbox/behaviour': 'init-crash log="migration 7 failed"' } },
        spec: { initContainers: [{ name: 'migrate', image: 'migrate:1' }] },
      },
    },
  });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('failed');
  expect(answer.summary).toContain('init container migrate exits 1');
  expect(answer.summary).toContain('migration 7 failed');
});

function durationMs(status: unknown): number {
  const { startedAt, finishedAt } = Object(status);
  return Date.parse(finishedAt) - Date.parse(startedAt);
}
