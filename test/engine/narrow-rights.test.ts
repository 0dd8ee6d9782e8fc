/** An engine that may watch namespaces only one by one. */
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './engine-stage.ts';

const ALL = '/apis/apps/v1/deployments';

test('a namespace is watched while it has dep files or an unanswered rollout, and again when a file comes back', async () => {
  await using stage = await startStage({ engine: false });
  stage.proxy.fault({ match: ({ path }) => path === ALL, action: { kind: 'answer', status: 403 } });
  const watches = () =>
    stage.proxy.requests.filter(({ path, isWatch }) => isWatch && path !== ALL && path.endsWith('/deployments'));
  const open = () => watches().filter(({ endedAt }) => endedAt === undefined).length;
  const remove = (service: string) => unlink(join(stage.deps, stage.file(service, 'dep')));
  for (const service of ['web', 'other']) await stage.deployments.create(service);
  await stage.startEngine();
  await stage.write('web', '1.25.0-never\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  await remove('web');
  // Deployed after the removal, it shows that the removal was seen.
  await stage.deploy('other', '1.25.0\n');
  await remove('other');
  const containers = [{ name: 'app', image: 'nginx:1.26.0' }];
  await stage.deployments.change('web', { spec: { template: { spec: { containers } } } });
  const answer = await eventually(async () => {
    const status = await stage.status('web');
    return status?.phase !== 'rolling-out' && status;
  });
  await eventually(() => open() === 0);
  const untilTheAnswer = watches().length;
  const back = await stage.deploy('web', '1.27.0\n');

  expect(answer.phase).toBe('overridden');
  expect(untilTheAnswer).toBe(1);
  expect(back.phase).toBe('succeeded');
  expect(open()).toBe(1);
});
