import { spawnSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { startStage } from './control-plane-stage.ts';

test('deployment goes on after the directory was removed and made again', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  // The engine may be writing into it.
  await rm(stage.deps, { recursive: true, maxRetries: 5 });
  await eventually(() => stage.output().includes('directory-degraded'));
  await mkdir(stage.deps);
  const answer = await stage.deploy('web', '1.26.0\n');

  expect(answer.phase).toBe('succeeded');
  expect(await stage.last('web')).toBe('1.26.0');
});

test('deployment goes on after the directory was replaced by another one', async () => {
  await using stage = await startStage();
  await using other = await createTempDir();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await writeFile(other.file(stage.file('web', 'dep')), '1.26.0\n');

  await rename(stage.deps, `${stage.deps}.old`);
  await rename(other.path, stage.deps);

  expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(await stage.deploy('web', '1.27.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('deployment goes on after the symbolic link to the directory was pointed elsewhere', async () => {
  await using stage = await startStage({ engine: false });
  await using other = await createTempDir();
  await using place = await createTempDir();
  const link = place.file('deps');
  await symlink(stage.deps, link);
  await stage.deployments.create('web');
  await stage.startEngine({ DEPS: link });
  await stage.deploy('web', '1.25.0\n');

  await writeFile(other.file(stage.file('web', 'dep')), '1.26.0\n');
  spawnSync('ln', ['-sfn', other.path, link]);

  const images = () => stage.deployments.images('web');
  await eventually(async () => (await images()).at(-1) === 'nginx:1.26.0');
  await writeFile(other.file(stage.file('web', 'dep')), '1.27.0\n');
  await eventually(async () => (await images()).at(-1) === 'nginx:1.27.0');
  expect(await images()).toEqual(['nginx:1.0', 'nginx:1.25.0', 'nginx:1.26.0', 'nginx:1.27.0']);
});

test('a directory that is away for a while deletes nothing, and what changed meanwhile is deployed', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deployments.create('api');
  await stage.deploy('web', '1.25.0\n');
  await stage.deploy('api', '1.25.0\n');
  const away = `${stage.deps}.away`;

  await rename(stage.deps, away);
  await eventually(() => stage.output().includes('directory-degraded'));
  await writeFile(join(away, stage.file('web', 'dep')), '1.26.0\n');
  await rename(away, stage.deps);

  expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
  await eventually(() => stage.output().includes('directory-recovered'));
  expect(await stage.deployments.images('api')).toEqual(['nginx:1.0', 'nginx:1.25.0']);
});
