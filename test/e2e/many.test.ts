import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnControlPlane, startControlPlane } from '../support/control-plane.ts';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import type { RecordedRequest } from '../support/recording-proxy.ts';
import type { DeploymentOptions } from '../support/stage-deployments.ts';
import { startStageOn } from './control-plane-stage.ts';

/**
 * One of its own: after so many changes the deployment controller's retries are due later and later, for everybody on
 * the same control plane.
 */
let plane: OwnControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});

afterAll(() => plane?.stop());

async function createAll(stage: Stage, services: readonly string[], options: DeploymentOptions): Promise<void> {
  const waiting = [...services];
  const create = async () => {
    for (let service = waiting.pop(); service !== undefined; service = waiting.pop())
      await stage.deployments.create(service, options);
  };
  await Promise.all(Array.from({ length: 8 }, create));
}

function named(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `svc-${index}`);
}

test('300 files written at once are all patched, over at most eight connections', async () => {
  await using stage = await startStageOn(plane);
  const services = named(300);
  // Without pods: the API server's side of a rollout is not what is asked here.
  await createAll(stage, services, { replicas: 0, untilAvailable: false });
  stage.proxy.forget();

  await Promise.all(services.map((service) => stage.write(service, '1.25.0\n')));
  for (const service of services) {
    expect(await stage.concluded(service, '1.25.0\n', { timeoutMs: 60_000 })).toMatchObject({ phase: 'succeeded' });
  }

  const patches = stage.proxy.requests.filter(({ method }) => method === 'PATCH');
  expect(new Set(patches.map(({ path }) => path)).size).toBe(300);
  expect(patches.filter(({ status }) => status === 200)).toHaveLength(300);
  expect(stage.proxy.connections.peak).toBeLessThanOrEqual(8);
  expect(stage.proxy.requests.length / services.length).toBeLessThanOrEqual(4);
});

test('a healthy deployment costs at most four requests, however long it takes', async () => {
  await using stage = await startStageOn(plane);
  await stage.deployments.create('web', {
    podAnnotations: { 'sandbox/behaviour': 'ready after=40s' },
    untilAvailable: false,
  });
  // The one of all Deployments, which begins with the engine and not with a rollout.
  await eventually(() => stage.proxy.requests.some(({ isWatch }) => isWatch));
  stage.proxy.forget();

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  const kindOf = ({ method, path, isWatch }: RecordedRequest) => (isWatch ? `watch ${path.split('/').at(-1)}` : method);
  expect(stage.proxy.requests.map(kindOf).toSorted()).toEqual(['GET', 'PATCH', 'watch pods', 'watch replicasets']);
});

test('of forty services one that hangs and four that fail delay nobody', async () => {
  await using stage = await startStageOn(plane, { env: { CONCURRENCY: '10' } });
  const services = named(40);
  await createAll(stage, services, { untilAvailable: false });
  const isHanging = (path: string) => path.endsWith('/svc-0');
  const hole = stage.proxy.fault({ match: ({ path }) => isHanging(path), action: { kind: 'black-hole' } });

  await Promise.all(
    services.map((service, index) => stage.write(service, index % 10 === 1 ? '1.25.0-missing\n' : '1.25.0\n')),
  );
  for (const [index, service] of services.entries()) {
    if (index === 0) continue;
    const content = index % 10 === 1 ? '1.25.0-missing\n' : '1.25.0\n';
    const phase = index % 10 === 1 ? 'failed' : 'succeeded';
    expect(await stage.concluded(service, content, { timeoutMs: 60_000 })).toMatchObject({ phase });
  }

  expect(hole.hits).toBeGreaterThan(0);
  expect(await stage.status('svc-0')).toBeUndefined();
  hole.remove();
  expect(await stage.concluded('svc-0', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('at rest the engine asks nothing', async () => {
  await using stage = await startStageOn(plane);
  await stage.deployments.create('web');
  await stage.deployments.create('later');
  await stage.deploy('web', '1.25.0\n');
  await stage.restart();
  stage.proxy.forget();

  await stage.deploy('later', '2.0.0\n');
  await eventually(() => stage.told('later').length === 1);

  expect(stage.requestsFor('web')).toEqual([]);
});
