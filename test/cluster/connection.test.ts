import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { requireTool } from '../support/required-tool.ts';
import { type ApiServer, sendJson, startApiServer } from './api-server.ts';
import { createCertificate } from './certificate.ts';
import { writeKubeconfig } from './kubeconfigs.ts';
import { cleanups, load, tempDir } from './loaded-cluster.ts';
import { deploymentObject } from './objects.ts';

const web = { service: 'web', namespace: 'prod' };

const answerDeployment: ApiServer['answer'] = (_, response) => sendJson(response, deploymentObject('web'));

describe.runIf(requireTool('openssl'))('over TLS', () => {
  test.each([
    { protocol: 'HTTP/2', http2: true, most: 2 },
    { protocol: 'HTTP/1.1', http2: false, most: 8 },
  ])('200 calls at once share at most $most connections of $protocol', async ({ http2, most }) => {
    const dir = await tempDir();
    const certificate = createCertificate(dir);
    const server = await startApiServer(answerDeployment, { certificate, http2 });
    cleanups.push(server.stop);
    const ca = { 'certificate-authority': 'server.crt' };
    const cluster = load(writeKubeconfig(dir, { server: server.url, cluster: ca }));

    await Promise.all(Array.from({ length: 200 }, () => cluster.readDeployment(web)));
    await cluster.readDeployment(web);

    expect(server.asked).toHaveLength(201);
    expect(server.connected.ever).toBeLessThanOrEqual(most);
    expect(cluster.connections).toBe(server.connected.now);
  });

  test('thirty watches share one connection, and the end of most leaves the last and the calls alone', async () => {
    const dir = await tempDir();
    const certificate = createCertificate(dir);
    const open = new Set<ServerResponse>();
    const server = await startApiServer(
      (asked, response) => {
        if (!asked.query.has('watch')) return answerDeployment(asked, response);
        open.add(response);
        response.on('close', () => open.delete(response));
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('\n');
      },
      { certificate },
    );
    cleanups.push(server.stop);
    const ca = { 'certificate-authority': 'server.crt' };
    const { readDeployment, connection } = load(writeKubeconfig(dir, { server: server.url, cluster: ca }));
    const watch = () => connection.openStream('/apis/apps/v1/deployments?watch=true', new AbortController().signal);

    const [last, ...others] = await Promise.all(Array.from({ length: 30 }, watch));
    for (const body of others) body.destroy();
    await eventually(() => open.size === 1);
    await Promise.all(Array.from({ length: 50 }, () => readDeployment(web)));
    for (const response of open) response.end('{"type":"BOOKMARK"}\n');

    expect(await text(last ?? Readable.from([]))).toBe('\n{"type":"BOOKMARK"}\n');
    expect(server.connected.ever).toBe(2);
  });

  test('a server that another authority vouches for is not trusted', async () => {
    const dir = await tempDir();
    const server = await startApiServer(answerDeployment, { certificate: createCertificate(dir) });
    cleanups.push(server.stop);
    createCertificate(dir, 'stranger');
    const cluster = load(
      writeKubeconfig(dir, { server: server.url, cluster: { 'certificate-authority': 'stranger.crt' } }),
    );

    await expect(cluster.readDeployment(web)).rejects.toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('not signed by the CA'),
    });
  });

  test('a CA file that changes is taken up within a minute', async () => {
    const dir = await tempDir();
    const certificate = createCertificate(dir);
    createCertificate(dir, 'stranger');
    const server = await startApiServer(answerDeployment, { certificate });
    cleanups.push(server.stop);
    const clock = createManualClock();
    const kubeconfig = writeKubeconfig(dir, {
      server: server.url,
      cluster: { 'certificate-authority': 'stranger.crt' },
    });
    const cluster = load(kubeconfig, clock);
    await expect(cluster.readDeployment(web)).rejects.toThrow();

    writeFileSync(dir.file('stranger.crt'), certificate.cert);
    clock.advance(60_000);

    expect((await cluster.readDeployment(web)).name).toBe('web');
  });

  test('a client certificate proves who we are', async () => {
    const dir = await tempDir();
    const client = createCertificate(dir, 'client');
    const certificate = createCertificate(dir);
    const server = await startApiServer(answerDeployment, { certificate, clientCa: client.cert });
    cleanups.push(server.stop);
    const ca = { 'certificate-authority': 'server.crt' };
    const user = { 'client-certificate': 'client.crt', 'client-key-data': Buffer.from(client.key).toString('base64') };
    const known = load(writeKubeconfig(dir, { server: server.url, cluster: ca, user }, 'known'));
    const stranger = load(writeKubeconfig(dir, { server: server.url, cluster: ca }, 'stranger'));

    expect((await known.readDeployment(web)).name).toBe('web');
    await expect(stranger.readDeployment(web)).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('proxy-url leads every connection through the proxy', async () => {
    const dir = await tempDir();
    const certificate = createCertificate(dir);
    const server = await startApiServer(answerDeployment, { certificate });
    const tunnels: string[] = [];
    const proxy = createHttpServer().on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const upstream = connect(server.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    cleanups.push(async () => void proxy.close(), server.stop);
    const address = proxy.address();
    const proxyUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const parts = { 'certificate-authority': 'server.crt', 'proxy-url': proxyUrl };
    const cluster = load(writeKubeconfig(dir, { server: server.url, cluster: parts }));

    await Promise.all(Array.from({ length: 20 }, () => cluster.readDeployment(web)));

    expect(new Set(tunnels)).toEqual(new Set([`127.0.0.1:${server.port}`]));
    expect(tunnels.length).toBeLessThanOrEqual(8);
  });
});

test('calls that wait for a connection of a busy server are not timed out for it', async () => {
  const dir = await tempDir();
  const server = await startApiServer((asked, response) => {
    setTimeout(() => void answerDeployment(asked, response), 80);
  });
  cleanups.push(server.stop);
  // Twenty times as fast: a call may take half a second, and all of them together take longer.
  const clock = { ...systemClock, after: (ms: number, run: () => void) => systemClock.after(ms / 20, run) };
  const cluster = load(
    writeKubeconfig(dir, { server: server.url, cluster: { 'insecure-skip-tls-verify': true } }),
    clock,
  );

  const answers = await Promise.allSettled(Array.from({ length: 36 }, () => cluster.readDeployment(web)));

  expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(server.asked).toHaveLength(36);
});

describe('a server that accepts and never answers', () => {
  async function startBlackHole() {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    let connections = 0;
    server.on('connection', (socket) => {
      connections += 1;
      cleanups.push(async () => void socket.destroy());
      socket.on('error', () => {});
      socket.resume();
    });
    cleanups.push(async () => void server.close());
    return { url: `http://127.0.0.1:${port}`, connections: () => connections };
  }

  test.each([
    { call: 'a read', deadline: 10_000, run: (cluster: Cluster) => cluster.readDeployment(web) },
    { call: 'a patch', deadline: 30_000, run: (cluster: Cluster) => cluster.patchDeployment(web, []) },
  ])('$call ends after $deadline ms', async ({ deadline, run }) => {
    const dir = await tempDir();
    const hole = await startBlackHole();
    const clock = createManualClock();
    const cluster = load(writeKubeconfig(dir, { server: hole.url }), clock);

    const call = run(cluster).then(
      () => 'answered',
      (error: unknown) => error,
    );
    await eventually(() => hole.connections() === 1);
    clock.advance(deadline - 1);
    const before = await Promise.race([call, Promise.resolve('waiting')]);
    clock.advance(1);

    expect(before).toBe('waiting');
    expect(await call).toMatchObject({ kind: 'unreachable', detail: `no answer within ${deadline / 1000} s` });
  });

  test('is not asked again over the connection that went silent', async () => {
    const dir = await tempDir();
    const hole = await startBlackHole();
    const clock = createManualClock();
    const cluster = load(writeKubeconfig(dir, { server: hole.url }), clock);

    for (let round = 1; round <= 3; round += 1) {
      const call = cluster.readDeployment(web).catch(() => {});
      await eventually(() => hole.connections() === round);
      clock.advance(10_000);
      await call;
    }

    await eventually(() => cluster.connections === 0);
  });

  test('does not hold up closing', async () => {
    const dir = await tempDir();
    const hole = await startBlackHole();
    const cluster = load(writeKubeconfig(dir, { server: hole.url }), createManualClock());
    const call = cluster.readDeployment(web);
    call.catch(() => {});
    await eventually(() => hole.connections() === 1);

    await cluster.close();

    await expect(call).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
