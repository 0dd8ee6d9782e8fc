import { spawnSync } from 'node:child_process';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

/** When another service, written later, has been deployed, what was written before has been looked at. */
async function untilLookedAt(stage: Stage): Promise<void> {
  await stage.deployments.create('later');
  await stage.deploy('later', '2.0.0\n');
}

test('the same bytes again, another comment and another newline change nothing', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  const before = await stage.deployments.commits('web');

  await stage.write('web', '1.25.0\n');
  await stage.concluded('web', '1.25.0\n');
  await stage.deploy('web', '# by Ann\n1.25.0\n');
  await stage.deploy('web', '1.25.0');
  await untilLookedAt(stage);

  const after = await stage.deployments.commits('web');
  expect(after.at(-1)).toMatchObject({ generation: before.at(-1)?.generation, attempt: before.at(-1)?.attempt });
  await eventually(() => stage.told('later').length === 1);
  expect(stage.told('web')).toHaveLength(1);
});

test('an emptied and a deleted dep file change nothing', async () => {
  await using stage = await startStage();
  for (const service of ['web', 'api']) {
    await stage.deployments.create(service);
    await stage.deploy(service, '1.25.0\n');
  }

  await truncate(join(stage.deps, stage.file('web', 'dep')));
  await rm(join(stage.deps, stage.file('api', 'dep')));
  await untilLookedAt(stage);

  for (const service of ['web', 'api']) {
    expect(await stage.deployments.images(service)).toEqual(['nginx:1.0', 'nginx:1.25.0']);
    expect(await stage.last(service)).toBe('1.25.0');
    expect(await stage.status(service)).toMatchObject({ phase: 'succeeded' });
  }
});

/** A rollout under way that takes long enough for everybody to see that its file is gone. */
async function rollOutSlowly(stage: Stage): Promise<void> {
  await stage.deployments.create('web');
  await stage.write('web', '1.25.0-slow\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);
}

test('deleting the file during its rollout does not stop the rollout, nor its answer', async () => {
  await using stage = await startStage();
  await rollOutSlowly(stage);

  await rm(join(stage.deps, stage.file('web', 'dep')));

  expect(await stage.concluded('web', '1.25.0-slow\n')).toMatchObject({ phase: 'succeeded' });
});

test('a rollout whose file is deleted while the engine is down gets its answer at the next start', async () => {
  await using stage = await startStage();
  await rollOutSlowly(stage);
  await stage.engine.stop();

  await rm(join(stage.deps, stage.file('web', 'dep')));
  await stage.startEngine();

  expect(await stage.concluded('web', '1.25.0-slow\n')).toMatchObject({ phase: 'succeeded' });
});

test('files changed while the engine was down are deployed when it starts', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deployments.create('api');
  await stage.deploy('web', '1.25.0\n');
  await stage.engine.stop();

  await stage.write('web', '1.26.0\n');
  await stage.write('api', '3.0.0\n');
  await stage.startEngine();

  expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(await stage.concluded('api', '3.0.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('a .last of an earlier engine that matches its file causes no write to the cluster', async () => {
  await using stage = await startStage({ engine: false });
  await stage.deployments.create('web', { image: 'nginx:1.25.0' });
  await stage.write('web', '1.25.0\n');
  await writeFile(join(stage.deps, stage.file('web', 'last')), '1.25.0');

  await stage.startEngine();
  await untilLookedAt(stage);

  expect(stage.requestsFor('web').filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.25.0']);
  expect(stage.told('web')).toEqual([]);
});

test('a misnamed and a malformed file are refused once, and the cluster is not asked about them', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const asked = stage.proxy.requests.length;

  await writeFile(join(stage.deps, 'nounderscore.dep'), '1.25.0\n');
  const answer = await stage.deploy('web', '1.25.0\nreplicas: 3\n');
  await stage.write('web', '1.25.0\nreplicas: 3\n');
  await eventually(() => stage.told().length === 2);

  expect(answer).toMatchObject({ phase: 'refused' });
  expect(answer.summary).toContain('line 2');
  expect(stage.proxy.requests.slice(asked)).toEqual([]);
  await untilLookedAt(stage);
  await eventually(() => stage.told('later').length === 1);
  expect(
    stage
      .told()
      .map(({ title }) => title)
      .toSorted(),
  ).toEqual(['Deployment Refused', 'Deployment Refused', 'Deployment Successful']);
});

test('a file that is refused leaves the running version, and its correction is deployed', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  const refused = await stage.deploy('web', 'Not A Version!\n');
  const mended = await stage.deploy('web', '1.26.0\n');

  expect([refused.phase, mended.phase]).toEqual(['refused', 'succeeded']);
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.25.0', 'nginx:1.26.0']);
});

test('pipes, a directory and a file of 50 MB among the dep files disturb nobody', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const path = (name: string) => join(stage.deps, `${name}_${stage.namespace}.dep`);

  for (const name of ['pipe1', 'pipe2', 'pipe3', 'pipe4', 'pipe5', 'pipe6']) spawnSync('mkfifo', [path(name)]);
  spawnSync('mkdir', [path('folder')]);
  spawnSync('ln', ['-s', path('loop'), path('loop')]);
  await writeFile(path('big'), Buffer.alloc(50 * 1024 * 1024, '1'));
  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  expect(await eventually(() => stage.status('big'))).toMatchObject({ phase: 'refused' });
  expect(await eventually(() => stage.status('pipe1'))).toMatchObject({ phase: 'refused' });
  expect(await stage.engine.stop()).toBe(0);
});
