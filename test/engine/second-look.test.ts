/** What was answered once is looked over again when the reason for the answer is gone. */
import { mkdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './engine-stage.ts';

test('a target refused for its namespace is deployed by an engine that allows it', async () => {
  await using stage = await startStage({ env: { NAMESPACES: 'elsewhere' } });
  await stage.deployments.create('web');
  const refused = await stage.deploy('web', '1.25.0\n');

  await stage.restart({ NAMESPACES: '*' });

  expect(refused.phase).toBe('refused');
  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', { timeoutMs: 20_000 });
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.25.0']);
});

test('a target refused for its containers is deployed when its Deployment is mended, and told once before', async () => {
  await using stage = await startStage();
  const containers = [
    { name: 'one', image: 'nginx:1.0' },
    { name: 'two', image: 'nginx:1.0' },
  ];
  await stage.deployments.create('web', { containers });
  const refused = await stage.deploy('web', '1.25.0\n');
  await stage.deployments.change('web', { metadata: { labels: { looked: 'again' } } });

  await stage.deployments.change('web', { spec: { template: { spec: { containers: containers.slice(0, 1) } } } });

  expect(refused.phase).toBe('refused');
  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', { timeoutMs: 20_000 });
  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web').map(({ title }) => title)).toEqual(['Deployment Refused', 'Deployment Successful']);
});

test('the version before a failed one is deployed though its status file was lost', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.deploy('web', '1.26.0-broken\n');
  await unlink(join(stage.deps, stage.file('web', 'status.json')));

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.25.0');
});

test('a state that could not be saved is saved when the obstacle is gone, without a new version', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const obstacle = join(stage.deps, stage.file('web', 'status.json'));
  await mkdir(obstacle);
  await stage.write('web', '1.25.0\n');
  await eventually(() => stage.told('web').length === 1);

  await rmdir(obstacle);

  expect(await stage.concluded('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
  await eventually(() => stage.told().some(({ title }) => title === 'State Saved Again'));
});
