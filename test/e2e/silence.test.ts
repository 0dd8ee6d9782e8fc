import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

test('a server that takes every request and answers none is no verdict, and everything is concluded after it', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { podAnnotations: { 'sandbox/behaviour': 'ready after=5s' } });
  await stage.deployments.create('api');
  await stage.write('web', '1.25.0\n');
  await stage.write('api', '1.25.0-broken\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);
  await eventually(async () => (await stage.deployments.templateChanges('api')) === 1);

  const hole = stage.proxy.fault({ match: () => true, action: { kind: 'black-hole' } });
  // What is streamed already goes on, so it has to be cut.
  await stage.proxy.setReachable(false);
  await stage.proxy.setReachable(true);
  await eventually(() => stage.told().some(({ title }) => title === 'Cluster Unreachable'), { timeoutMs: 60_000 });
  const toldInSilence = [...stage.told('web'), ...stage.told('api')];
  hole.remove();

  expect(toldInSilence).toEqual([]);
  expect(await stage.concluded('web', '1.25.0\n', { timeoutMs: 60_000 })).toMatchObject({ phase: 'succeeded' });
  const broken = await stage.concluded('api', '1.25.0-broken\n', { timeoutMs: 60_000 });
  expect(broken.phase).toBe('failed');
  expect(broken.summary).toContain('container app exits 1');
  expect(await stage.deployments.templateChanges('web')).toBe(1);
});
