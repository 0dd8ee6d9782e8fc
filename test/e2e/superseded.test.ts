import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

/** A rollout that lasts for as long as a test needs it to. */
const NEVER = '1.25.0-never\n';

test('a newer file takes over a running rollout at once, and the older one is told as superseded', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.write('web', NEVER);
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  const answer = await stage.deploy('web', '1.26.0\n');

  expect(answer).toMatchObject({ phase: 'succeeded', version: '1.26.0' });
  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web')).toMatchObject([
    { title: 'Deployment Superseded', version: '1.25.0-never' },
    { title: 'Deployment Successful', version: '1.26.0' },
  ]);
  expect(await stage.last('web')).toBe('1.26.0');
});

test('a newer file is taken up soon after a start, however long the older rollout may still take', async () => {
  await using stage = await startStage({ env: { ROLLOUT_TIMEOUT: '1h' } });
  await stage.deployments.create('web');
  await stage.write('web', NEVER);
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  await stage.engine.stop();
  await stage.write('web', '1.26.0\n');
  await stage.startEngine();

  expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('a newer file without a newline is taken up too when it is quiet for longer than a rescan takes', async () => {
  await using stage = await startStage({ env: { ROLLOUT_TIMEOUT: '1h', SETTLE: '2s', RESCAN: '500ms' } });
  await stage.deployments.create('web');
  await stage.write('web', NEVER);
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  await stage.write('web', '1.26.0');

  expect(await stage.concluded('web', '1.26.0')).toMatchObject({ phase: 'succeeded' });
});

test('of many versions written in a row the last one runs at the end, and none goes over a newer one', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const versions = Array.from({ length: 200 }, (_, index) => `1.0.${index + 1}`);

  for (const version of versions) await stage.write('web', `${version}\n`);
  const answer = await stage.concluded('web', '1.0.200\n');

  expect(answer.phase).toBe('succeeded');
  const deployed = (await stage.deployments.images('web')).slice(1).map((image) => Number(image.split('.').at(-1)));
  expect(deployed).toEqual(deployed.toSorted((one, other) => one - other));
  expect(deployed.at(-1)).toBe(200);
});

test('a malformed file in the middle of a rollout is refused, and the rollout gets its answer all the same', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { podAnnotations: { 'sandbox/behaviour': 'ready after=6s' } });
  await stage.write('web', '1.25.0\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  const refused = await stage.deploy('web', 'no version\n');

  expect(refused.phase).toBe('refused');
  await eventually(() => stage.told('web').length === 2, { timeoutMs: 20_000 });
  expect(stage.told('web').map(({ title }) => title)).toEqual(['Deployment Refused', 'Deployment Successful']);
  expect(await stage.last('web')).toBe('1.25.0');
});
