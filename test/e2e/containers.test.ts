import { expect, test } from 'vitest';
import { startStage } from './control-plane-stage.ts';

const SIDECAR = { name: 'proxy', image: 'envoy:1.0' };

test('of several containers the one named like the service is set, also when a sidecar comes first', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { containers: [SIDECAR, { name: 'web', image: 'nginx:1.0' }] });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  expect((await stage.deployments.commits('web')).at(-1)?.images).toEqual(['envoy:1.0', 'nginx:1.25.0']);
});

test('the container named in the file is set', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { containers: [{ name: 'app', image: 'nginx:1.0' }, SIDECAR] });

  const answer = await stage.deploy('web', '1.30\ncontainer: proxy\n');

  expect(answer.phase).toBe('succeeded');
  expect((await stage.deployments.commits('web')).at(-1)?.images).toEqual(['nginx:1.0', 'envoy:1.30']);
});

test('when several containers could be meant the file is refused with their names, and nothing is written', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { containers: [SIDECAR, { name: 'app', image: 'nginx:1.0' }] });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('refused');
  expect(answer.summary).toContain('proxy, app');
  expect(stage.requestsFor('web').filter(({ method }) => method !== 'GET')).toEqual([]);
});

test.each([
  ['registry.example.com', '1.25.0', 'registry.example.com/web:1.25.0'],
  ['registry.example.com', 'team/nginx:1.25.0', 'registry.example.com/team/nginx:1.25.0'],
  ['registry.example.com/shop', '1.25.0', 'registry.example.com/shop:1.25.0'],
  ['registry.example.com/shop', 'nginx:1.25.0', 'registry.example.com/shop/nginx:1.25.0'],
  ['registry.example.com/shop', 'quay.io/nginx:1.25.0', 'quay.io/nginx:1.25.0'],
])('with ECR_REPO=%s the version %s runs as %s', async (repo, version, image) => {
  await using stage = await startStage({ env: { ECR_REPO: repo } });
  await stage.deployments.create('web');

  const answer = await stage.deploy('web', `${version}\n`);

  expect(answer).toMatchObject({ phase: 'succeeded', version });
  expect((await stage.deployments.images('web')).at(-1)).toBe(image);
  expect(await stage.last('web')).toBe(version);
});
