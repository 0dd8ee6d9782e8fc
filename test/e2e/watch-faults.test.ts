import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { preciseNow } from '../support/loopback-server.ts';
import type { ProxyRequest } from '../support/proxy-faults.ts';
import { startStage } from './control-plane-stage.ts';

const isWatch = ({ isWatch }: ProxyRequest) => isWatch;

test.each([
  ['cut every second', { kind: 'cut', afterMs: 1_000 }],
  ['closed every second as by a time-out', { kind: 'cut', afterMs: 1_000, clean: true }],
  ['cut as soon as they open', { kind: 'cut', afterMs: 0 }],
] as const)('watches %s delay no verdict for long', async (_, action) => {
  await using stage = await startStage({ engine: false });
  const fault = stage.proxy.fault({ match: isWatch, action });
  await stage.startEngine();
  await stage.deployments.create('web', {
    podAnnotations: { 'sandbox/behaviour': 'ready after=10s' },
    untilAvailable: false,
  });

  const good = await stage.deploy('web', '1.25.0\n');

  expect(good.phase).toBe('succeeded');
  expect(fault.hits).toBeGreaterThan(1);
  expect(await stage.deployments.templateChanges('web')).toBe(1);
});

test('a crash loop is named though the watches are cut every second', async () => {
  await using stage = await startStage({ engine: false });
  stage.proxy.fault({ match: isWatch, action: { kind: 'cut', afterMs: 1_000 } });
  await stage.startEngine();
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', '1.26.0-broken\n');

  expect(answer.phase).toBe('failed');
  expect(answer.summary).toContain('container app exits 1');
});

test('watches that are silent from the start are no reason to wait', async () => {
  await using stage = await startStage({ engine: false });
  stage.proxy.fault({ match: isWatch, action: { kind: 'stall', afterMs: 0 } });
  await stage.startEngine();
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
});

test('watches that fell silent before the rollout are no reason to wait long', async () => {
  await using stage = await startStage({ engine: false });
  await stage.deployments.create('web', {
    podAnnotations: { 'sandbox/behaviour': 'ready after=30s' },
    untilAvailable: false,
  });
  stage.proxy.fault({ match: isWatch, action: { kind: 'stall', afterMs: 300 } });
  await stage.startEngine();
  const opened = await eventually(() => stage.proxy.requests.find(isWatch)?.startedAt);
  await eventually(() => preciseNow() > opened + 600);

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
});

test('watches that fall silent in the middle of a rollout make no good version fail', async () => {
  await using stage = await startStage({ env: { ROLLOUT_TIMEOUT: '10s', ON_FAILURE: 'rollback' } });
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  stage.proxy.fault({ match: isWatch, action: { kind: 'stall', afterMs: 3_000 } });
  await stage.proxy.setReachable(false);
  await stage.proxy.setReachable(true);
  await stage.deployments.change('web', {
    spec: { template: { metadata: { annotations: { 'sandbox/behaviour': 'ready after=20s' } } } },
  });

  const answer = await stage.deploy('web', '1.26.0\n');

  expect(answer).toMatchObject({ phase: 'succeeded', version: '1.26.0' });
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.26.0');
});

test('watches answered with 410 start over', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');

  const gone = stage.proxy.fault({ match: isWatch, action: { kind: 'answer', status: 410 }, times: 3 });
  await stage.proxy.setReachable(false);
  await stage.proxy.setReachable(true);
  await eventually(() => gone.hits === 3);

  expect(await stage.deploy('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('watches that are forbidden are replaced by looking', async () => {
  await using stage = await startStage({ engine: false });
  stage.proxy.fault({ match: isWatch, action: { kind: 'answer', status: 403 } });
  await stage.startEngine();
  await stage.deployments.create('web');

  const good = await stage.deploy('web', '1.25.0\n');
  const bad = await stage.deploy('web', '1.26.0-missing\n');

  expect([good.phase, bad.phase]).toEqual(['succeeded', 'failed']);
  expect(bad.summary).toContain('cannot be pulled');
});
