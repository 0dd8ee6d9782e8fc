import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Cluster, loadCluster } from '../../src/cluster/cluster.ts';
import type { Call } from '../../src/cluster/connection.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { requireTool } from '../support/required-tool.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { type ApiServer, sendJson, startApiServer } from './api-server.ts';
import { createCertificate } from './certificate.ts';
import { writeKubeconfig } from './kubeconfigs.ts';
import { deploymentObject } from './objects.ts';

const web = { service: 'web', namespace: 'prod' };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function tempDir(): Promise<TempDir> {
  const dir = await createTempDir();
  cleanups.push(() => dir.remove());
  return dir;
}

function load(kubeconfig: string, clock = systemClock, onCall: (call: Call) => void = () => {}): Cluster {
  const cluster = loadCluster({ kubeconfig, userAgent: 'test', onCall }, clock);
  cleanups.push(() => cluster.close());
  return cluster;
}

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

describe('credentials', () => {
  /** Answers 401 to every token but the present one. */
  async function startGuardedServer() {
    const guard = { token: '' };
    const server = await startApiServer((asked, response) => {
      if (asked.headers.authorization === `Bearer ${guard.token}`) return answerDeployment(asked, response);
      sendJson(response, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' }, 401);
    });
    cleanups.push(server.stop);
    return { server, guard };
  }

  /** A plugin that prints what stands in `answer.json`, and counts its runs. */
  function writePlugin(dir: TempDir, body = 'cat "$(dirname "$0")/answer.json"') {
    const path = dir.file('plugin');
    writeFileSync(path, `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> "$(dirname "$0")/runs"\n${body}\n`, {
      mode: 0o755,
    });
    return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', provideClusterInfo: true } };
  }

  function printToken(dir: TempDir, token: string, expirationTimestamp?: string) {
    const status = { token, ...(expirationTimestamp === undefined ? {} : { expirationTimestamp }) };
    writeFileSync(dir.file('answer.json'), JSON.stringify({ kind: 'ExecCredential', status }));
  }

  function runsOf(dir: TempDir): string[] {
    return readFileSync(dir.file('runs'), 'utf8').trim().split('\n');
  }

  test('a hundred first calls run the plugin once, and it learns which cluster it is for', async () => {
    const dir = await tempDir();
    const { server, guard } = await startGuardedServer();
    guard.token = 'one';
    printToken(dir, 'one');
    const cluster = load(writeKubeconfig(dir, { server: server.url, user: writePlugin(dir) }));

    await Promise.all(Array.from({ length: 100 }, () => cluster.readDeployment(web)));

    const runs = runsOf(dir);
    expect(runs).toHaveLength(1);
    expect(JSON.parse(runs[0] ?? '')).toMatchObject({ spec: { interactive: false, cluster: { server: server.url } } });
  });

  test('a 401 drops the token: the plugin is asked again and the call succeeds', async () => {
    const dir = await tempDir();
    const { server, guard } = await startGuardedServer();
    guard.token = 'one';
    printToken(dir, 'one');
    const cluster = load(writeKubeconfig(dir, { server: server.url, user: writePlugin(dir) }));
    await cluster.readDeployment(web);

    guard.token = 'two';
    printToken(dir, 'two');
    const views = await Promise.all(Array.from({ length: 20 }, () => cluster.readDeployment(web)));

    expect(views).toHaveLength(20);
    expect(runsOf(dir)).toHaveLength(2);
  });

  test('a second 401 is final', async () => {
    const dir = await tempDir();
    const { server } = await startGuardedServer();
    printToken(dir, 'wrong');
    const cluster = load(writeKubeconfig(dir, { server: server.url, user: writePlugin(dir) }));

    await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unauthorized', code: 401 });
    expect(server.asked).toHaveLength(2);
  });

  test('a token written in the kubeconfig is not tried twice', async () => {
    const dir = await tempDir();
    const { server } = await startGuardedServer();
    const cluster = load(writeKubeconfig(dir, { server: server.url, user: { token: 'wrong' } }));

    await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(server.asked).toHaveLength(1);
  });

  test('a token near its end is renewed before it is refused', async () => {
    const dir = await tempDir();
    const { server, guard } = await startGuardedServer();
    const clock = createManualClock();
    guard.token = 'one';
    printToken(dir, 'one', new Date(clock.now() + 600_000).toISOString());
    const cluster = load(writeKubeconfig(dir, { server: server.url, user: writePlugin(dir) }), clock);
    await cluster.readDeployment(web);

    clock.advance(539_000);
    await cluster.readDeployment(web);
    const before = runsOf(dir).length;
    clock.advance(2_000);
    await cluster.readDeployment(web);

    expect(before).toBe(1);
    expect(runsOf(dir)).toHaveLength(2);
  });

  test.each([
    {
      what: 'fails',
      body: 'echo "no session for profile x" >&2; exit 3',
      says: 'ended with 3: no session for profile x',
    },
    { what: 'prints garbage', body: 'echo s3cret-token', says: 'printed something that is not JSON' },
    { what: 'prints no token', body: 'echo "{}"', says: 'printed neither a token nor a client certificate' },
  ])('a plugin that $what is named, without its output', async ({ body, says }) => {
    const dir = await tempDir();
    const cluster = load(writeKubeconfig(dir, { server: 'http://127.0.0.1:1', user: writePlugin(dir, body) }));

    const error = await cluster.readDeployment(web).catch((reason: Error) => reason);

    expect(error).toMatchObject({ kind: 'unauthorized', message: expect.stringContaining(says) });
    expect(error).toMatchObject({ message: expect.stringContaining('/plugin"') });
    expect(error).not.toMatchObject({ message: expect.stringContaining('s3cret') });
  });

  test('a plugin that is not installed is named with its hint', async () => {
    const dir = await tempDir();
    const exec = { command: 'no-such-plugin', installHint: 'see https://example.com' };
    const cluster = load(writeKubeconfig(dir, { server: 'http://127.0.0.1:1', user: { exec } }));

    await expect(cluster.readDeployment(web)).rejects.toThrow(
      'credential plugin "no-such-plugin" is not installed: see https://example.com',
    );
  });

  test('a plugin that hangs ends with the engine, and so does what it started', async () => {
    const dir = await tempDir();
    const body = 'sleep 600 & echo $! > "$(dirname "$0")/child"; wait';
    const cluster = load(writeKubeconfig(dir, { server: 'http://127.0.0.1:1', user: writePlugin(dir, body) }));
    const call = cluster.readDeployment(web);
    call.catch(() => {});
    const child = await eventually(() => Number(readFileSync(dir.file('child'), 'utf8')));

    await cluster.close();

    await expect(call).rejects.toThrow('was stopped');
    await eventually(() => !isRunning(child));
  });

  test('a token file is read again after a minute, and at once after a 401', async () => {
    const dir = await tempDir();
    const { server, guard } = await startGuardedServer();
    const clock = createManualClock();
    const turn = (token: string) => {
      guard.token = token;
      writeFileSync(dir.file('token'), `${token}\n`);
    };
    turn('one');
    const cluster = load(writeKubeconfig(dir, { server: server.url, user: { tokenFile: 'token' } }), clock);
    await cluster.readDeployment(web);

    writeFileSync(dir.file('token'), 'two\n');
    clock.advance(59_000);
    await cluster.readDeployment(web);
    guard.token = 'two';
    clock.advance(1_000);
    await cluster.readDeployment(web);
    const refusals = server.asked.length - 3;
    turn('three');
    await cluster.readDeployment(web);

    expect(refusals).toBe(0);
    expect(server.asked).toHaveLength(5);
  });

  test('a token file that is gone later says so', async () => {
    const dir = await tempDir();
    writeFileSync(dir.file('token'), 'one');
    const cluster = load(writeKubeconfig(dir, { server: 'http://127.0.0.1:1', user: { tokenFile: 'token' } }));
    rmSync(dir.file('token'));

    await expect(cluster.readDeployment(web)).rejects.toThrow(`token file ${dir.file('token')}: ENOENT`);
  });

  test('a user and password, and whom to impersonate, go into the headers', async () => {
    const dir = await tempDir();
    const server = await startApiServer(answerDeployment);
    cleanups.push(server.stop);
    const user = { username: 'ann', password: 'x', as: 'bob', 'as-groups': ['dev', 'ops'] };
    const cluster = load(writeKubeconfig(dir, { server: server.url, user }));

    await cluster.readDeployment(web);

    expect(server.asked[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('ann:x').toString('base64')}`,
      'impersonate-user': 'bob',
      'impersonate-group': 'dev, ops',
    });
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
