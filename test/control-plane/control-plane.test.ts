import { expect, test } from 'vitest';
import { createApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { textAt } from '../support/json.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { sharedControlPlane } from '../support/shared-control-plane.ts';
import { createWeb } from './web-deployment.ts';

const plane = sharedControlPlane();
const deployments = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`;

test('it says its version', async () => {
  const version = await plane.api.ask('GET', '/version');

  expect(textAt(version, 'gitVersion')).toMatch(/^v1\.\d+\.\d+$/);
});

test('a Deployment becomes available', async () => {
  const web = await createWeb(plane, 'nginx:1.25.0');

  const status = await web.untilAvailable();

  expect(status).toMatchObject({ readyReplicas: 1, updatedReplicas: 1 });
});

test('nobody may do anything, and a user exactly what was granted', async () => {
  const namespace = await plane.newNamespace();
  const nobody = createApiClient({ url: plane.url, token: plane.address.nobodyToken });
  const user = await plane.createUser(namespace, [
    { namespace, apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] },
  ]);
  const limited = createApiClient({ url: plane.url, token: user.token });

  // The authoriser learns of a new role by a watch of its own.
  await eventually(async () => (await limited.request('GET', deployments(namespace))).status === 200);

  expect((await nobody.request('GET', deployments(namespace))).status).toBe(403);
  expect((await limited.request('GET', `/api/v1/namespaces/${namespace}/pods`)).status).toBe(403);
  expect((await limited.request('GET', deployments('default'))).status).toBe(403);
  limited.close();
  nobody.close();
});

test('the recording proxy stands in front of it, watches included', async () => {
  await using proxy = await startRecordingProxy({ upstream: plane.url, token: plane.address.adminToken });
  const client = createApiClient({ url: proxy.url });
  const path = deployments(await plane.newNamespace());
  const seen: string[] = [];
  const watching = client.watch(`${path}?watch=1`, ({ type, object }) => {
    seen.push(`${type} ${textAt(object, 'metadata', 'name')}`);
  });
  await eventually(() => proxy.requests[0]?.status === 200);

  const spec = {
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'x', image: 'x:1' }] } },
  };
  await client.ask('POST', path, { body: { metadata: { name: 'through' }, spec } });

  await eventually(() => seen.includes('ADDED through'));
  expect(proxy.requests.map(({ method, isWatch, status }) => ({ method, isWatch, status }))).toEqual([
    { method: 'GET', isWatch: true, status: 200 },
    { method: 'POST', isWatch: false, status: 201 },
  ]);
  client.close();
  await expect(watching).rejects.toThrow();
});
