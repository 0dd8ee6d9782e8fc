import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { textAt } from '../support/json.ts';
import { startStage } from './control-plane-stage.ts';

const PATIENCE = { timeoutMs: 30_000 };

test('a missing Deployment is told once, and the version is deployed automatically when it appears', async () => {
  await using stage = await startStage();

  const parked = await stage.deploy('web', '1.25.0\n');
  await stage.deployments.create('web');

  expect(parked.phase).toBe('blocked');
  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', PATIENCE);
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.25.0');
  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web').map(({ title }) => title)).toEqual(['Deployment Waiting', 'Deployment Successful']);
});

test('a missing namespace is created, and the version is deployed once its Deployment is applied', async () => {
  await using stage = await startStage();
  const namespace = `${stage.namespace}-new`;
  const dep = `web_${namespace}`;

  await stage.engine.write(`${dep}.dep`, '1.25.0\n');
  await eventually(async () => {
    const { status } = await stage.api.request('GET', `/api/v1/namespaces/${namespace}`);
    return status === 200;
  });
  await eventually(() => stage.told('web').length === 1);
  await createElsewhere(stage.api, namespace);

  expect(stage.told('web')[0]?.text).toContain('New NameSpace created');
  await eventually(async () => (await stage.engine.read(`${dep}.last`)) === '1.25.0', PATIENCE);
  await stage.api.ask('DELETE', `/api/v1/namespaces/${namespace}`);
});

test('with CREATE_NAMESPACES=false a missing namespace is not created', async () => {
  await using stage = await startStage({ env: { CREATE_NAMESPACES: 'false' } });
  const namespace = `${stage.namespace}-none`;

  await stage.engine.write(`web_${namespace}.dep`, '1.25.0\n');
  await eventually(() => stage.told('web').length === 1);

  expect(stage.told('web')[0]?.text).toContain(`no namespace ${namespace}`);
  expect(await stage.api.request('GET', `/api/v1/namespaces/${namespace}`)).toMatchObject({ status: 404 });
});

test('a namespace that is being deleted parks the target', async () => {
  await using stage = await startStage();
  // A finalizer of somebody keeps it in that state.
  const path = `/api/v1/namespaces/${stage.namespace}`;
  const keeper = { metadata: { name: 'keeper', finalizers: ['example.com/keep'] } };
  await stage.api.ask('POST', `${path}/configmaps`, { body: keeper });
  await stage.api.ask('DELETE', path);
  await eventually(async () => textAt(await stage.api.ask('GET', path), 'status', 'phase') === 'Terminating');

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('blocked');
  expect(answer.summary).toContain('is being deleted');
  await stage.api.ask('PATCH', `${path}/configmaps/keeper`, {
    contentType: 'application/merge-patch+json',
    body: { metadata: { finalizers: null } },
  });
});

test('a paused Deployment waits, and the version is deployed when it is resumed', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deployments.change('web', { spec: { paused: true } });

  const parked = await stage.deploy('web', '1.25.0\n');
  await stage.deployments.change('web', { spec: { paused: false } });

  expect(parked.phase).toBe('blocked');
  expect(parked.summary).toContain('kubectl rollout resume deployment/web');
  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', PATIENCE);
});

test('a newer version replaces the one that waits', async () => {
  await using stage = await startStage();
  await stage.deploy('web', '1.25.0\n');

  await stage.deploy('web', '1.26.0\n');
  await stage.deployments.create('web');

  await eventually(async () => (await stage.status('web'))?.phase === 'succeeded', PATIENCE);
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.26.0']);
});

async function createElsewhere(
  api: { ask(method: string, path: string, options: { body: unknown }): Promise<unknown> },
  namespace: string,
): Promise<void> {
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.0' }] } };
  await api.ask('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    body: { metadata: { name: 'web' }, spec: { replicas: 1, selector: { matchLabels: labels }, template } },
  });
}
