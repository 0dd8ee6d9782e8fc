import { expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import type { FaultAction } from '../support/proxy-faults.ts';
import { startStage } from './control-plane-stage.ts';

const SERVICES = ['web', 'api', 'job'];

/** Three rollouts under way, each with two seconds of its life still to come. */
async function rollOut(stage: Stage): Promise<void> {
  for (const service of SERVICES) {
    await stage.deployments.create(service, {
      podAnnotations: { 'sandbox/behaviour': 'ready after=10s' },
      untilAvailable: false,
    });
    await stage.write(service, '1.25.0\n');
  }
}

async function expectSuccess(stage: Stage): Promise<void> {
  for (const service of SERVICES) {
    expect(await stage.concluded(service, '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
    expect(await stage.deployments.templateChanges(service)).toBe(1);
  }
  await eventually(() => stage.told().filter(({ title }) => title.startsWith('Deployment')).length === SERVICES.length);
  expect(stage.told().filter(({ title }) => title === 'Deployment Successful')).toHaveLength(SERVICES.length);
}

const FAULTS: readonly (readonly [name: string, action: FaultAction])[] = [
  ['503', { kind: 'answer', status: 503 }],
  ['500', { kind: 'answer', status: 500 }],
  ['429 with Retry-After', { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }],
  [
    '200 with HTML',
    { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>login</html>' },
  ],
  ['200 with half a JSON', { kind: 'answer', status: 200, body: '{"kind":"Deploy' }],
  ['reset connections', { kind: 'refuse' }],
];

test.each(FAULTS)(
  '%s for a while is not a verdict on any rollout, and everything is deployed after it',
  async (_, action) => {
    await using stage = await startStage();
    await rollOut(stage);

    const fault = stage.proxy.fault({ match: () => true, action });
    // What is streamed already goes on, so it has to be cut.
    await stage.proxy.setReachable(false);
    await stage.proxy.setReachable(true);
    await eventually(() => fault.hits >= 6);
    fault.remove();

    await expectSuccess(stage);
  },
);

test('every third request failing at random delays everything and fails nothing', async () => {
  await using stage = await startStage();
  let count = 0;
  stage.proxy.fault({
    match: () => {
      count += 1;
      return count % 3 === 0;
    },
    action: { kind: 'answer', status: 503 },
  });

  await rollOut(stage);

  await expectSuccess(stage);
});

test('a server that takes a second for every answer delays everything and fails nothing', async () => {
  await using stage = await startStage();
  stage.proxy.fault({ match: ({ isWatch }) => !isWatch, action: { kind: 'delay', ms: 1_000 } });

  await rollOut(stage);

  await expectSuccess(stage);
});

test('a server that refuses connections is told once, and once when it is back', async () => {
  await using stage = await startStage();
  await rollOut(stage);

  await stage.proxy.setReachable(false);
  await eventually(() => stage.told().some(({ title }) => title === 'Cluster Unreachable'), { timeoutMs: 30_000 });
  await stage.write('web', '1.26.0\n');
  await stage.proxy.setReachable(true);

  expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
  await eventually(() => stage.told().some(({ title }) => title === 'Cluster Reachable Again'));
  const states = stage.told().filter(({ title }) => title.startsWith('Cluster'));
  expect(states.map(({ title }) => title)).toEqual(['Cluster Unreachable', 'Cluster Reachable Again']);
});

test('an engine started without a cluster deploys when there is one', async () => {
  await using stage = await startStage({ engine: false });
  await stage.deployments.create('web');
  await stage.write('web', '1.25.0\n');
  await stage.proxy.setReachable(false);

  await stage.startEngine();
  await eventually(() => stage.told().some(({ title }) => title === 'Cluster Unreachable'), { timeoutMs: 30_000 });
  await stage.proxy.setReachable(true);

  expect(await stage.concluded('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('requests that are never answered end by their own deadline, and other targets go on meanwhile', async () => {
  await using stage = await startStage({ env: { CONCURRENCY: '2' } });
  for (const service of SERVICES) await stage.deployments.create(service);
  const hole = stage.proxy.fault({
    match: ({ method, path }) => method === 'GET' && path.endsWith('/deployments/web'),
    action: { kind: 'black-hole' },
    times: 1,
  });

  await stage.write('web', '1.25.0\n');
  await eventually(() => hole.hits === 1);
  const others = await Promise.all(['api', 'job'].map((service) => stage.deploy(service, '1.25.0\n')));
  const webMeanwhile = await stage.status('web');

  expect(others.map(({ phase }) => phase)).toEqual(['succeeded', 'succeeded']);
  expect(webMeanwhile).toBeUndefined();
  expect(await stage.concluded('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
});
