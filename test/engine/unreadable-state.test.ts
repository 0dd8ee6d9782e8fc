import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { HELD_TO_PERMISSIONS } from '../support/permission-bits.ts';
import { startStage } from './engine-stage.ts';

const linesWith = (output: string, text: string) => output.split('\n').filter((line) => line.includes(text));

test('a version that failed is not tried again while the file that says so cannot be read', async () => {
  const env = { FAILURE_GRACE: '1s', LOG_LEVEL: 'debug' };
  await using stage = await startStage({ env, launcher: HELD_TO_PERMISSIONS });
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0-missing\n');
  await eventually(() => stage.told('web').length === 1);
  const status = join(stage.deps, stage.file('web', 'status.json'));
  const changes = await stage.deployments.templateChanges('web');

  await stage.engine.stop();
  await chmod(status, 0o000);
  await stage.startEngine();
  await eventually(() => linesWith(stage.output(), 'cannot be read now (EACCES)').length >= 3);
  await chmod(status, 0o644);
  await stage.deploy('web', '1.25.0\n');

  expect(linesWith(stage.output(), 'cannot be read now').filter((line) => line.includes('"level":40'))).toHaveLength(1);
  expect(linesWith(stage.output(), 'the pass failed')).toEqual([]);
  expect(await stage.deployments.templateChanges('web')).toBe(changes + 1);
  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web').map(({ title }) => title)).toEqual(['Deployment Failed', 'Deployment Successful']);
});

test('a directory that cannot be read for a while has no state guessed, and what waited goes on at once', async () => {
  await using stage = await startStage({ env: { LOG_LEVEL: 'debug' }, launcher: HELD_TO_PERMISSIONS });
  await stage.deployments.create('web', { untilAvailable: false });
  await stage.deploy('web', '1.25.0\n');
  // The pass after the success: everything of the one before is written, or it would go on with what could not be.
  await eventually(() => stage.output().includes('watched for a while after its success'));

  await chmod(stage.deps, 0o000);
  await stage.deployments.setImage('web', 'nginx:9.9');
  await eventually(() => linesWith(stage.output(), 'status.json cannot be read now').length >= 3);
  await chmod(stage.deps, 0o755);

  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web')[1]?.text).toContain('9.9');
  expect(linesWith(stage.output(), 'the cluster decides')).toEqual([]);
  expect(linesWith(stage.output(), 'cannot be read now').filter((line) => line.includes('"level":40'))).toHaveLength(1);
});
