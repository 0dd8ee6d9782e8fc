/** The main job on the sandbox, so that `npm test` alone shows it; `test/e2e` has the rest, on a real API server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './engine-stage.ts';

test('a good, a missing, a crashing and a mended version each get their answer', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { replicas: 2 });

  const good = await stage.deploy('web', '1.25.0\n');
  const missing = await stage.deploy('web', '1.26.0-typo\n');
  const crashing = await stage.deploy('web', '1.27.0-broken\n');
  const lastMeanwhile = await stage.last('web');
  const mended = await stage.deploy('web', '1.27.1\n');

  expect([good.phase, missing.phase, crashing.phase, mended.phase]).toEqual([
    'succeeded',
    'failed',
    'failed',
    'succeeded',
  ]);
  expect(missing.summary).toContain('image nginx:1.26.0-typo cannot be pulled');
  expect(crashing.summary).toMatch(/container app exits 1 \(\d+ restarts?\)/);
  expect(lastMeanwhile).toBe('1.25.0');
  expect(await stage.last('web')).toBe('1.27.1');
  await eventually(() => stage.told('web').length === 4);
  expect(stage.told('web').map(({ title }) => title)).toEqual([
    'Deployment Successful',
    'Deployment Failed',
    'Deployment Failed',
    'Deployment Successful',
  ]);
});

test('a newer file takes over a running rollout, and the older one is told as superseded', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.write('web', '1.25.0-never\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  const answer = await stage.deploy('web', '1.26.0\n');

  expect(answer).toMatchObject({ phase: 'succeeded', version: '1.26.0' });
  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web')[0]).toMatchObject({ title: 'Deployment Superseded', version: '1.25.0-never' });
});

test('a file that cannot be deployed is refused, and touches no cluster', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  stage.proxy.forget();

  const answer = await stage.deploy('web', '1.25.0\nreplicas: 3\n');

  expect(answer).toMatchObject({ phase: 'refused' });
  expect(answer.summary).toContain('line 2');
  expect(stage.proxy.requests).toEqual([]);
});

test('files changed while the engine was down are deployed when it starts', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.engine.stop();

  await stage.write('web', '1.26.0\n');
  await stage.startEngine();

  expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('a .last of an earlier engine that matches its file causes no write to the cluster', async () => {
  await using stage = await startStage({ engine: false });
  await stage.deployments.create('web', { image: 'nginx:1.25.0' });
  await stage.deployments.create('later');
  await stage.write('web', '1.25.0\n');
  await writeFile(join(stage.deps, stage.file('web', 'last')), '1.25.0');

  await stage.startEngine();
  await stage.deploy('later', '2.0.0\n');

  expect(stage.requestsFor('web').filter(({ method }) => method !== 'GET')).toEqual([]);
});

test('a version is deployed automatically when its missing Deployment appears', async () => {
  await using stage = await startStage();

  const parked = await stage.deploy('web', '1.25.0\n');
  await stage.deployments.create('web');

  expect(parked.phase).toBe('blocked');
  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', { timeoutMs: 20_000 });
});

test('with ON_FAILURE=rollback the last good version runs again', async () => {
  await using stage = await startStage({ env: { ON_FAILURE: 'rollback' } });
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  await stage.write('web', '1.26.0-missing\n');
  await eventually(async () => (await stage.status('web'))?.phase === 'rolled-back');

  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.25.0');
});
