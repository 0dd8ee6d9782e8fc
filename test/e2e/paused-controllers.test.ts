import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnControlPlane, startControlPlane } from '../support/control-plane.ts';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { startStageOn } from './control-plane-stage.ts';

/** One of its own: pausing the controllers is felt by everybody on the same control plane. */
let plane: OwnControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});

afterAll(() => plane?.stop());

const SERVICES = ['web', 'api', 'job'];

async function startRolledOut(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const stage = await startStageOn(plane, { env });
  for (const service of SERVICES) {
    await stage.deployments.create(service);
    await stage.deploy(service, '1.25.0\n');
  }
  return stage;
}

test('while the controllers stand still nothing is called a success, and when they go on everything concludes', async () => {
  await using stage = await startRolledOut();
  plane.pauseControllers();
  try {
    await stage.write('web', '1.26.0\n');
    await stage.write('api', '1.26.0-missing\n');
    await stage.write('job', '1.25.0 \n');
    await eventually(async () => (await stage.deployments.templateChanges('api')) === 2);
    await eventually(async () => (await stage.deployments.templateChanges('web')) === 2);
    // A restart finds the same stale statuses, and must not take them for the new version's.
    await stage.restart();
    await stage.deployments.create('later', { untilAvailable: false });
    await stage.write('later', '2.0.0\n');
    await eventually(async () => (await stage.deployments.templateChanges('later')) === 1);

    expect(await stage.status('web')).toMatchObject({ phase: 'rolling-out', version: '1.26.0' });
    expect(await stage.status('api')).toMatchObject({ phase: 'rolling-out' });
    expect(await stage.status('later')).toMatchObject({ phase: 'rolling-out' });
    expect(await stage.last('web')).toBe('1.25.0');
  } finally {
    plane.resumeControllers();
  }

  expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(await stage.concluded('api', '1.26.0-missing\n')).toMatchObject({ phase: 'failed' });
  expect(await stage.concluded('later', '2.0.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('a rollout that no controller looks at times out with that cause, and its late success is told', async () => {
  await using stage = await startRolledOut({ ROLLOUT_TIMEOUT: '2s' });
  plane.pauseControllers();
  const answer = await stage.deploy('web', '1.26.0\n').finally(() => plane.resumeControllers());

  expect(answer.phase).toBe('timed-out');
  expect(answer.summary).toContain('the Deployment controller has not looked at the change yet');
  await eventually(() => stage.told('web').some(({ title }) => title === 'Deployment Recovered'), {
    timeoutMs: 30_000,
  });
});
