import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { textAt } from '../support/json.ts';
import { startStage } from './control-plane-stage.ts';

test('a rollout that takes much longer than usual is told once, in log and status file, before any time-out', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  for (const version of ['1.25.0', '1.25.1', '1.25.2']) await stage.deploy('web', `${version}\n`);

  await stage.write('web', '1.26.0-never\n');
  const slow = /is still being deployed after .*x the usual .* s: .*container app runs but is not ready/;
  await eventually(async () => slow.test((await stage.status('web'))?.summary ?? ''), { timeoutMs: 60_000 });
  await stage.restart();
  await stage.deploy('web', '1.26.1\n');

  const told = stage.output().match(/"what":"progress"/g);
  expect(told).toHaveLength(1);
  await eventually(() => stage.told('web').length === 5);
  expect(stage.told('web').map(({ title }) => title)).toEqual([
    'Deployment Successful',
    'Deployment Successful',
    'Deployment Successful',
    'Deployment Superseded',
    'Deployment Successful',
  ]);
  expect(textAt((await stage.status('web'))?.whole, 'phase')).toBe('succeeded');
});
