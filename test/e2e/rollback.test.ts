import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

const ROLLBACK = { env: { ON_FAILURE: 'rollback' } };

test('a failed version is rolled back to the last good one, and that is verified before it is told', async () => {
  await using stage = await startStage(ROLLBACK);
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  await stage.write('web', '1.26.0-missing\n');
  await eventually(async () => (await stage.status('web'))?.phase === 'rolled-back');

  expect(await stage.deployments.images('web')).toEqual([
    'nginx:1.0',
    'nginx:1.25.0',
    'nginx:1.26.0-missing',
    'nginx:1.25.0',
  ]);
  expect(await stage.last('web')).toBe('1.25.0');
  await eventually(() => stage.told('web').length === 3);
  expect(stage.told('web').map(({ title }) => title)).toEqual([
    'Deployment Successful',
    'Deployment Failed',
    'Deployment Failed, Rolled Back',
  ]);
});

test('good, broken, good ends on good with rollback too', async () => {
  await using stage = await startStage(ROLLBACK);
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.write('web', '1.26.0-missing\n');
  await eventually(async () => (await stage.status('web'))?.phase === 'rolled-back');

  const answer = await stage.deploy('web', '1.27.0\n');

  expect(answer.phase).toBe('succeeded');
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.27.0');
});

test('the version from before comes back at once when it is asked for after a rollback', async () => {
  await using stage = await startStage(ROLLBACK);
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.write('web', '1.26.0-missing\n');
  await eventually(async () => (await stage.status('web'))?.phase === 'rolled-back');

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  expect(await stage.last('web')).toBe('1.25.0');
});

test('a rollback that fails is told, and nothing further is tried', async () => {
  await using stage = await startStage(ROLLBACK);
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  // From now on every pod crashes, whatever its version.
  await stage.deployments.change('web', {
    spec: { template: { metadata: { annotations: { 'sandbox/behaviour': 'crash' } } } },
  });

  await stage.write('web', '1.26.0\n');
  await eventually(async () => (await stage.status('web'))?.phase === 'rollback-failed', { timeoutMs: 30_000 });

  await eventually(() => stage.told('web').some(({ title }) => title === 'Deployment Failed, Rollback Failed'));
  expect((await stage.deployments.images('web')).slice(-2)).toEqual(['nginx:1.26.0', 'nginx:1.25.0']);
});

test('a new file during the rollback wins', async () => {
  await using stage = await startStage(ROLLBACK);
  // So that going back takes new pods, and these their time.
  await stage.deployments.create('web', { spec: { strategy: { type: 'Recreate' } } });
  await stage.deploy('web', '1.25.0-slow\n');
  await stage.write('web', '1.26.0-missing\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 3);

  const answer = await stage.deploy('web', '1.27.0\n');

  expect(answer.phase).toBe('succeeded');
  expect(await stage.deployments.images('web')).toEqual([
    'nginx:1.0',
    'nginx:1.25.0-slow',
    'nginx:1.26.0-missing',
    'nginx:1.25.0-slow',
    'nginx:1.27.0',
  ]);
  await eventually(() => stage.told('web').at(-1)?.version === '1.27.0');
  expect(stage.told('web').map(({ title }) => title)).not.toContain('Deployment Failed, Rolled Back');
});

test('nothing is rolled back where no version was seen to be good', async () => {
  await using stage = await startStage(ROLLBACK);
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', '1.26.0-missing\n');
  await stage.deployments.create('later');
  await stage.deploy('later', '2.0.0\n');

  expect(answer.phase).toBe('failed');
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.26.0-missing']);
});
