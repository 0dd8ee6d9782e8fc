import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnControlPlane, startControlPlane } from '../support/control-plane.ts';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { textAt } from '../support/json.ts';
import { startStageOn } from './control-plane-stage.ts';

/** One of its own: it is restored from a backup under everybody who uses it. */
let plane: OwnControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});

afterAll(() => plane?.stop());

/** So that what was watched last is a version the restored server has not reached. */
async function moveOn(stage: Stage): Promise<void> {
  await stage.deployments.create('other');
  for (let count = 0; count < 100; count += 1) {
    await stage.deployments.change('other', { metadata: { annotations: { count: String(count) } } });
  }
}

test('a version is deployed again when its cluster is restored to an earlier state in the middle of the rollout', async () => {
  await using stage = await startStageOn(plane);
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.deployments.change('web', {
    spec: { template: { metadata: { annotations: { 'sandbox/behaviour': 'ready after=100s' } } } },
  });
  await plane.backUp();
  await stage.write('web', '1.26.0\n');
  await eventually(async () => (await stage.status('web'))?.phase === 'rolling-out');
  await moveOn(stage);

  await plane.restore();

  expect(await stage.concluded('web', '1.26.0\n', { timeoutMs: 60_000 })).toMatchObject({ phase: 'succeeded' });
  const web = await stage.deployments.read('web');
  expect(textAt(web, 'spec', 'template', 'spec', 'containers', 0, 'image')).toBe('nginx:1.26.0');
});

test('a cluster restored to a state before a success is told as drift, and the next version is deployed', async () => {
  await using stage = await startStageOn(plane);
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await plane.backUp();
  await stage.deploy('web', '1.26.0\n');
  await moveOn(stage);

  await plane.restore();

  await eventually(() => stage.told('web').some(({ text }) => text.includes('set back to an earlier state')), {
    timeoutMs: 60_000,
  });
  expect(await stage.deploy('web', '1.27.0\n')).toMatchObject({ phase: 'succeeded' });
});
