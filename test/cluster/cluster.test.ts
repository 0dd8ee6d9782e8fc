import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Cluster, loadCluster } from '../../src/cluster/cluster.ts';
import type { Call } from '../../src/cluster/connection.ts';
import { ApiError } from '../../src/domain/api-error.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { type ApiServer, sendJson, sendStatus, startApiServer } from './api-server.ts';
import { writeKubeconfig } from './kubeconfigs.ts';
import { deploymentObject } from './objects.ts';

const web = { service: 'web', namespace: 'prod' };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function createWorld(answer: ApiServer['answer'], user: Record<string, unknown> = { token: 's3cret' }) {
  const server = await startApiServer(answer);
  const dir = await createTempDir();
  const calls: Call[] = [];
  const kubeconfig = writeKubeconfig(dir, { server: server.url, user });
  const cluster: Cluster = loadCluster(
    { kubeconfig, userAgent: 'deployment-k8s-engine/1', pluginEnv: {}, onCall: (call) => calls.push(call) },
    systemClock,
  );
  cleanups.push(
    () => dir.remove(),
    server.stop,
    () => cluster.close(),
  );
  return { server, cluster, calls, dir };
}

async function errorOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error('expected an ApiError', { cause: error });
  return error;
}

describe('calls', () => {
  test('a Deployment is read with our token and user agent', async () => {
    const { server, cluster } = await createWorld((_, response) => sendJson(response, deploymentObject('web')));

    const view = await cluster.readDeployment(web);

    expect(view).toMatchObject({ name: 'web', replicas: 3, observedGeneration: 2, progressDeadlineSeconds: 600 });
    expect(server.asked[0]).toMatchObject({
      method: 'GET',
      path: '/apis/apps/v1/namespaces/prod/deployments/web',
      headers: { authorization: 'Bearer s3cret', 'user-agent': 'deployment-k8s-engine/1' },
    });
  });

  test('nobody in between is free to compress an answer', async () => {
    const { server, cluster } = await createWorld((_, response) => sendJson(response, deploymentObject('web')));

    await cluster.readDeployment(web);

    expect(server.asked[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('a patch goes out as JSON Patch under our field manager', async () => {
    const { server, cluster } = await createWorld((_, response) =>
      sendJson(response, deploymentObject('web', { image: 'nginx:2', generation: 3 })),
    );
    const patch = [
      { op: 'test', path: '/metadata/uid', value: 'uid-prod-web' },
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'nginx:2' },
    ] as const;

    const view = await cluster.patchDeployment(web, patch);

    expect(view).toMatchObject({ generation: 3, containers: [{ image: 'nginx:2' }] });
    expect(server.asked[0]?.headers['content-type']).toBe('application/json-patch+json');
    expect(server.asked[0]?.query.get('fieldManager')).toBe('deployment-k8s-engine');
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual(patch);
  });

  test.each([
    ['allowed', (response: ServerResponse) => sendJson(response, { status: { allowed: true } }), true],
    ['not allowed', (response: ServerResponse) => sendJson(response, { status: { allowed: false } }), false],
    ['not known to the server', (response: ServerResponse) => sendStatus(response, 404, 'NotFound', 'no'), false],
  ])('whether our account may patch a Deployment is asked: %s', async (_name, answer, expected) => {
    const { server, cluster } = await createWorld((_, response) => answer(response));

    expect(await cluster.mayPatch(web)).toBe(expected);
    expect(server.asked[0]).toMatchObject({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toMatchObject({
      spec: {
        resourceAttributes: { group: 'apps', resource: 'deployments', verb: 'patch', name: 'web', namespace: 'prod' },
      },
    });
  });

  test('a namespace being deleted reads as terminating', async () => {
    const { cluster } = await createWorld((_, response) =>
      sendJson(response, { metadata: { name: 'prod', uid: '1' }, status: { phase: 'Terminating' } }),
    );

    expect(await cluster.readNamespace('prod')).toEqual({ terminating: true });
  });

  test('creating a namespace that somebody else just created is fine', async () => {
    const { server, cluster } = await createWorld((_, response) =>
      sendStatus(response, 409, 'AlreadyExists', 'namespaces "prod" already exists'),
    );

    await cluster.createNamespace('prod');

    expect(JSON.parse(server.asked[0]?.body ?? '')).toMatchObject({ kind: 'Namespace', metadata: { name: 'prod' } });
  });

  test('events are asked for by object, to the last page, and come in the order of time', async () => {
    const event = (uid: string, second: number) => ({
      reason: 'FailedCreate',
      involvedObject: { uid },
      lastTimestamp: `2026-01-01T00:00:0${second}Z`,
    });
    const pages: Readonly<Record<string, object>> = {
      'involvedObject.uid=a': { items: [event('a', 1)], metadata: { continue: 'more' } },
      'involvedObject.uid=a more': { items: [event('a', 3)] },
      'involvedObject.uid=b': { items: [event('b', 2)] },
    };
    const { server, cluster } = await createWorld(({ query }, response) => {
      const asked = [query.get('fieldSelector'), query.get('continue')].filter((part) => part !== null);
      sendJson(response, pages[asked.join(' ')]);
    });

    const events = await cluster.listEvents('prod', ['a', 'b']);

    expect(events.map(({ involvedUid }) => involvedUid)).toEqual(['a', 'b', 'a']);
    expect(server.asked).toHaveLength(3);
  });

  test('the last log lines of a container that crashed are read', async () => {
    const { server, cluster } = await createWorld((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end('one\ntwo\n');
    });

    const lines = await cluster.readLogs('prod', 'web-1', 'web', { previous: true, tailLines: 2, limitBytes: 1000 });

    expect(lines).toEqual(['one', 'two']);
    expect(server.asked[0]?.url).toBe(
      '/api/v1/namespaces/prod/pods/web-1/log?container=web&limitBytes=1000&previous=true&tailLines=2',
    );
  });

  test('a name that would change the path is not sent', async () => {
    const { server, cluster } = await createWorld((_, response) => sendJson(response, {}));

    await expect(cluster.readDeployment({ service: '..', namespace: 'prod' })).rejects.toThrow('not the name');
    expect(server.asked).toEqual([]);
  });

  test('every request is told with its status', async () => {
    const { cluster, calls } = await createWorld((_, response) => sendStatus(response, 404, 'NotFound', 'no such'));

    await errorOf(cluster.readDeployment(web));

    expect(calls).toMatchObject([
      {
        method: 'GET',
        path: '/apis/apps/v1/namespaces/prod/deployments/web',
        status: 404,
        error: { kind: 'not-found' },
      },
    ]);
  });
});

describe('errors', () => {
  test.each([
    { code: 400, reason: 'BadRequest', kind: 'invalid' },
    { code: 401, reason: 'Unauthorized', kind: 'unauthorized' },
    { code: 403, reason: 'Forbidden', kind: 'forbidden' },
    { code: 404, reason: 'NotFound', kind: 'not-found' },
    { code: 409, reason: 'Conflict', kind: 'conflict' },
    { code: 409, reason: 'AlreadyExists', kind: 'already-exists' },
    { code: 410, reason: 'Expired', kind: 'gone' },
    { code: 415, reason: 'UnsupportedMediaType', kind: 'invalid' },
    { code: 422, reason: 'Invalid', kind: 'conflict' },
    { code: 429, reason: 'TooManyRequests', kind: 'throttled' },
    { code: 500, reason: 'InternalError', kind: 'server' },
    { code: 503, reason: 'ServiceUnavailable', kind: 'server' },
    { code: 504, reason: 'Timeout', kind: 'server' },
  ])('$code $reason is $kind', async ({ code, reason, kind }) => {
    const { cluster } = await createWorld((_, response) => sendStatus(response, code, reason, 'the words'));

    const error = await errorOf(cluster.readDeployment(web));

    expect(error).toMatchObject({ kind, code, detail: 'the words' });
    expect(error.message).toBe(`GET /apis/apps/v1/namespaces/prod/deployments/web: ${code} ${reason}: the words`);
  });

  test('what a server quotes of an object holds no secret', async () => {
    const words = 'env[0]: Invalid value: v1.EnvVar{Name:"DB_PASSWORD", Value:"hunter2hunter2"}';
    const { cluster } = await createWorld((_, response) => sendStatus(response, 403, 'Forbidden', words));

    const error = await errorOf(cluster.patchDeployment(web, []));

    expect(`${error.message} ${error.detail}`).not.toContain('hunter2');
  });

  test('a patch that would make the object invalid is not a conflict', async () => {
    const { cluster } = await createWorld((_, response) =>
      sendStatus(response, 422, 'Invalid', 'image: Required value', { causes: [{ reason: 'FieldValueRequired' }] }),
    );

    expect((await errorOf(cluster.patchDeployment(web, []))).kind).toBe('invalid');
  });

  test.each([
    { headers: { 'retry-after': '7' }, details: {}, ms: 7000 },
    { headers: {}, details: { retryAfterSeconds: 3 }, ms: 3000 },
  ])('a throttled call says how long to wait: $ms ms', async ({ headers, details, ms }) => {
    const { cluster } = await createWorld((_, response) =>
      sendStatus(response, 429, 'TooManyRequests', 'slow down', details, { ...headers }),
    );

    expect((await errorOf(cluster.readDeployment(web))).retryAfterMs).toBe(ms);
  });

  test.each([
    { what: 'an hour', headers: { 'retry-after': '3600' }, details: {} },
    { what: 'a date by another clock', headers: { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' }, details: {} },
    { what: 'an hour in its status', headers: {}, details: { retryAfterSeconds: 3600 } },
  ])('a server that asks for $what is left alone for a minute', async ({ headers, details }) => {
    const { cluster } = await createWorld((_, response) =>
      sendStatus(response, 503, 'ServiceUnavailable', 'come back later', details, { ...headers }),
    );

    expect((await errorOf(cluster.readDeployment(web))).retryAfterMs).toBe(60_000);
  });

  test.each([
    { what: 'HTML with status 200', status: 200, kind: 'nonsense' },
    { what: 'a 404 of a gateway', status: 404, kind: 'nonsense' },
    { what: 'a redirect to a login page', status: 302, kind: 'nonsense' },
    { what: 'a 502 of a load balancer', status: 502, kind: 'server' },
  ])('$what is not an answer about the Deployment', async ({ status, kind }) => {
    const { cluster } = await createWorld((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html', location: 'https://login.example' });
      response.end('<html>secret portal</html>');
    });

    const error = await errorOf(cluster.readDeployment(web));

    expect(error.kind).toBe(kind);
    expect(error.message).not.toContain('portal');
  });

  test.each([
    { what: 'JSON cut off', body: '{"metadata":{"name":"we' },
    { what: 'an empty body', body: '' },
    { what: 'an object without a name', body: '{"kind":"Deployment"}' },
    { what: 'null', body: 'null' },
  ])('$what is nonsense', async ({ body }) => {
    const { cluster } = await createWorld((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(body);
    });

    expect((await errorOf(cluster.readDeployment(web))).kind).toBe('nonsense');
  });

  test('a connection cut while the answer comes is unreachable', async () => {
    const { cluster } = await createWorld((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"metadata"', () => response.destroy());
    });

    expect(await errorOf(cluster.readDeployment(web))).toMatchObject({ kind: 'unreachable', code: undefined });
  });

  test('a server that is not there is unreachable, and the message says why', async () => {
    const { server, cluster } = await createWorld(() => {});
    await server.stop();

    const error = await errorOf(cluster.readNamespace('prod'));

    expect(error).toMatchObject({
      kind: 'unreachable',
      message: 'GET /api/v1/namespaces/prod: connection refused (ECONNREFUSED)',
    });
  });
});
