import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

const PATIENCE = { timeoutMs: 20_000 };

test('an image set by somebody else during the rollout stays, and who did it is told', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.write('web', '1.25.0-never\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  await stage.deployments.setImage('web', 'nginx:9.9');
  const answer = await stage.concluded('web', '1.25.0-never\n');

  expect(answer.phase).toBe('overridden');
  expect(answer.summary).toContain('kubectl-set set the image to nginx:9.9');
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:9.9');
});

test('a change of the image made outside after the success is reported and left', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  await stage.deployments.setImage('web', 'nginx:9.9');
  await eventually(() => stage.told('web').length === 2, PATIENCE);

  expect(stage.told('web')[1]).toMatchObject({ title: 'Service Drifted' });
  expect(stage.told('web')[1]?.text).toContain('kubectl-set set the image to nginx:9.9');
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:9.9');
});

test('after a change made outside, the same version with another comment is deployed over it', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.deployments.setImage('web', 'nginx:9.9');
  await eventually(() => stage.told('web').length === 2, PATIENCE);

  const answer = await stage.deploy('web', '# over the change by hand\n1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.25.0');
});

test('with DRIFT=correct the version of the file is brought back', async () => {
  await using stage = await startStage({ env: { DRIFT: 'correct' } });
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  await stage.deployments.setImage('web', 'nginx:9.9');

  const images = () => stage.deployments.images('web');
  await eventually(async () => (await images()).length === 4, PATIENCE);
  expect(await images()).toEqual(['nginx:1.0', 'nginx:1.25.0', 'nginx:9.9', 'nginx:1.25.0']);
  await eventually(() => stage.told('web').length === 3, PATIENCE);
  expect(stage.told('web').map(({ title }) => title)).toEqual([
    'Deployment Successful',
    'Service Drifted',
    'Deployment Successful',
  ]);
});

test('with DRIFT=ignore a change made outside is left and not told', async () => {
  await using stage = await startStage({ env: { DRIFT: 'ignore' } });
  await stage.deployments.create('web');
  await stage.deployments.create('later');
  await stage.deploy('web', '1.25.0\n');

  await stage.deployments.setImage('web', 'nginx:9.9');
  await stage.deploy('later', '2.0.0\n');
  await eventually(() => stage.told('later').length === 1);

  expect(stage.told('web')).toHaveLength(1);
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:9.9');
});

test('two writers that fight are told, and the engine gives in', async () => {
  await using stage = await startStage({ env: { DRIFT: 'correct' } });
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  const isOurs = async () => (await stage.deployments.images('web')).at(-1) === 'nginx:1.25.0';
  const isTold = () => stage.told('web').some(({ title }) => title === 'Service Flapping');

  // The other one comes back as often as the engine does.
  await eventually(
    async () => {
      if (isTold()) return true;
      const { phase } = (await stage.status('web')) ?? {};
      if (phase === 'succeeded' && (await isOurs())) await stage.deployments.setImage('web', 'nginx:9.9');
      return false;
    },
    { timeoutMs: 60_000, intervalMs: 50 },
  );

  await eventually(() => stage.told('web').at(-1)?.title === 'Service Flapping', PATIENCE);
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:9.9');
});

test('a change made outside while the engine was down is told when it is back', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.engine.stop();

  await stage.deployments.setImage('web', 'nginx:9.9');
  await stage.startEngine();

  await eventually(() => stage.told('web').length === 2, PATIENCE);
  expect(stage.told('web')[1]).toMatchObject({ title: 'Service Drifted' });
});

test('a change of anything but the image is no business of the engine', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deployments.create('later');
  await stage.deploy('web', '1.25.0\n');

  await stage.deployments.change('web', { spec: { replicas: 2 }, metadata: { labels: { team: 'shop' } } });
  await stage.deploy('later', '2.0.0\n');
  await eventually(() => stage.told('later').length === 1);

  expect(stage.told('web')).toHaveLength(1);
});
