import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

test('a good version is rolled out, remembered and told', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { replicas: 2 });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer).toMatchObject({ phase: 'succeeded', version: '1.25.0' });
  expect(await stage.last('web')).toBe('1.25.0');
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.25.0']);
  await eventually(() => stage.told('web').length === 1);
  expect(stage.told('web')).toMatchObject([{ title: 'Deployment Successful', version: '1.25.0' }]);
});

test('an image that does not exist fails the rollout with its name, and .last stays', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  const answer = await stage.deploy('web', '1.26.0-typo\n');

  expect(answer.phase).toBe('failed');
  expect(answer.summary).toContain('container app: image nginx:1.26.0-typo cannot be pulled');
  expect(await stage.last('web')).toBe('1.25.0');
  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web')[1]).toMatchObject({ title: 'Deployment Failed', version: '1.26.0-typo' });
});

test('a version that crashes fails with its exit code and the line of its log that says why', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', '1.26.0-broken\n');

  expect(answer.phase).toBe('failed');
  expect(answer.summary).toMatch(/container app exits 1 \(\d+ restarts?\): "Error: DATABASE_URL is not set"/);
  expect(answer.evidence.join('\n')).toContain('Error: DATABASE_URL is not set');
  expect(await stage.last('web')).toBeUndefined();
});

test('a fix rolls out over pods that crash', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { replicas: 3 });
  await stage.deploy('web', '1.26.0-broken\n');

  const answer = await stage.deploy('web', '1.26.1\n');

  expect(answer.phase).toBe('succeeded');
  expect(await stage.last('web')).toBe('1.26.1');
});

test('old pods that crash do not fail a version whose own pods are fine', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { image: 'nginx:0.9-crash', replicas: 2, untilAvailable: false });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
});

test('good, broken, good ends on good', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');

  await stage.deploy('web', '1.0.1\n');
  await stage.deploy('web', '1.0.2-missing\n');
  const answer = await stage.deploy('web', '1.0.1\n');

  expect(answer.phase).toBe('succeeded');
  expect(await stage.last('web')).toBe('1.0.1');
  expect(await stage.deployments.images('web')).toEqual([
    'nginx:1.0',
    'nginx:1.0.1',
    'nginx:1.0.2-missing',
    'nginx:1.0.1',
  ]);
});

test('a failed version is tried again when another comment is saved', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.26.0-missing\n');

  const answer = await stage.deploy('web', '# again\n1.26.0-missing\n');

  expect(answer.phase).toBe('failed');
  await eventually(() => stage.told('web').length === 2);
  expect(await stage.deployments.templateChanges('web')).toBe(1);
});

test('a pod that cannot be scheduled is named when the rollout times out', async () => {
  await using stage = await startStage({ env: { ROLLOUT_TIMEOUT: '3s' } });
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', '1.25.0-unschedulable\n');

  expect(answer.phase).toBe('timed-out');
  expect(answer.summary).toContain('pod cannot be scheduled');
});

test('a success that comes after the time-out is told as a recovery', async () => {
  await using stage = await startStage({ env: { ROLLOUT_TIMEOUT: '2s' } });
  await stage.deployments.create('web');
  // Slow is 30 s of pod time, and pods live five times faster here.
  expect(await stage.deploy('web', '1.25.0-slow\n')).toMatchObject({ phase: 'timed-out' });

  await eventually(() => stage.told('web').length === 2, { timeoutMs: 30_000 });

  expect(stage.told('web')).toMatchObject([
    { title: 'Deployment Timed Out', version: '1.25.0-slow' },
    { title: 'Deployment Recovered', version: '1.25.0-slow' },
  ]);
  expect(await stage.last('web')).toBe('1.25.0-slow');
});

test('a crash soon after the success is told', async () => {
  await using stage = await startStage();
  const behaviour = 'crash after=5s exit=3';
  await stage.deployments.create('web', { podAnnotations: { 'sandbox/behaviour': behaviour }, untilAvailable: false });
  const answer = await stage.deploy('web', '1.25.0\n');
  expect(answer.phase).toBe('succeeded');

  await eventually(() => stage.told('web').length === 2, { timeoutMs: 30_000 });

  expect(stage.told('web')[1]).toMatchObject({ title: 'Service Crashed After Deployment', version: '1.25.0' });
  expect(stage.told('web')[1]?.text).toContain('container app exits 3');
});
