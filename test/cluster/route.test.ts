import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createObserver } from '../../src/cluster/observer.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { requireTool } from '../support/required-tool.ts';
import { type ApiServer, sendJson, sendStatus, startApiServer, type TlsSettings } from './api-server.ts';
import { createCertificate } from './certificate.ts';
import { writeKubeconfig } from './kubeconfigs.ts';
import { cleanups, load, tempDir } from './loaded-cluster.ts';
import { deploymentObject } from './objects.ts';
import { startWatchServer } from './watch-server.ts';

const web = { service: 'web', namespace: 'prod' };

/** A server that knows these tokens. */
async function startServer(tokens: readonly string[], tls?: TlsSettings): Promise<ApiServer> {
  const server = await startApiServer(({ headers }, response) => {
    if (tokens.some((token) => headers.authorization === `Bearer ${token}`))
      sendJson(response, deploymentObject('web'));
    else sendStatus(response, 401, 'Unauthorized', 'Unauthorized');
  }, tls);
  cleanups.push(server.stop);
  return server;
}

/** A server whose Deployments are watched with the token `old`, and another one to move to. */
async function startMove(clock = systemClock) {
  const dir = await tempDir();
  const [old, moved] = [await startWatchServer(), await startWatchServer()];
  cleanups.push(
    () => old.api.stop(),
    () => moved.api.stop(),
  );
  const cluster = load(writeKubeconfig(dir, { server: old.api.url, user: { token: 'old' } }), clock);
  const hooks = { isOurs: () => true, onHint: () => {}, onState: () => {}, onError: () => {} };
  const observer = createObserver(cluster, systemClock, hooks);
  cleanups.push(() => observer.stop());
  observer.start();
  const first = await old.watch(0);
  first.send('ADDED', deploymentObject('web'));
  first.bookmark('900', true);
  await eventually(() => observer.deployment(web).live);
  return { dir, old, moved, cluster, first };
}

describe('a kubeconfig that was written anew', () => {
  test('brings its token to the very call that was refused with the old one', async () => {
    const dir = await tempDir();
    const { url: server } = await startServer(['new']);
    const cluster = load(writeKubeconfig(dir, { server, user: { token: 'old' } }));

    writeKubeconfig(dir, { server, user: { token: 'new' } });

    expect((await cluster.readDeployment(web)).name).toBe('web');
  });

  test('leads to the new address when the old one does not answer', async () => {
    const dir = await tempDir();
    const old = await startServer(['secret']);
    const moved = await startServer(['secret']);
    const cluster = load(writeKubeconfig(dir, { server: old.url, user: { token: 'secret' } }));
    await cluster.readDeployment(web);

    writeKubeconfig(dir, { server: moved.url, user: { token: 'secret' } });
    await old.stop();

    await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unreachable' });
    expect((await cluster.readDeployment(web)).name).toBe('web');
    expect(cluster.server).toBe(moved.url);
  });

  test('is told from a login that its provider keeps up to date in memory', async () => {
    const dir = await tempDir();
    const waiting: ServerResponse[] = [];
    const { url: server, stop } = await startApiServer(({ path }, response) => {
      if (path.endsWith('/web')) waiting.push(response);
      else response.destroy();
    });
    cleanups.push(stop);
    const claims = Buffer.from(JSON.stringify({ exp: 4_000_000_000 })).toString('base64url');
    // The provider adds an empty client-secret.
    const config = { 'client-id': 'us', 'id-token': `e30.${claims}.e30` };
    const cluster = load(writeKubeconfig(dir, { server, user: { 'auth-provider': { name: 'oidc', config } } }));
    const answered = cluster.readDeployment(web);
    await eventually(() => waiting.length === 1);

    await expect(cluster.readDeployment({ service: 'api', namespace: 'prod' })).rejects.toMatchObject({
      kind: 'unreachable',
    });
    for (const response of waiting) sendJson(response, deploymentObject('web'));

    expect((await answered).name).toBe('web');
  });

  test('is not read all the time while nothing gets through', async () => {
    const dir = await tempDir();
    const clock = createManualClock();
    const { url: server } = await startServer(['new']);
    const cluster = load(writeKubeconfig(dir, { server, user: { token: 'old' } }), clock);
    await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unauthorized' });
    writeKubeconfig(dir, { server, user: { token: 'new' } });

    clock.advance(4_999);
    await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unauthorized' });
    clock.advance(1);

    expect((await cluster.readDeployment(web)).name).toBe('web');
  });

  test('is read for the context of the start, whichever is the current one by now', async () => {
    const dir = await tempDir();
    const production = await startServer([]);
    const staging = await startServer(['secret']);
    const cluster = load(
      writeKubeconfig(dir, { name: 'production', server: production.url, user: { token: 'secret' } }),
    );

    writeKubeconfig(dir, { name: 'staging', server: staging.url, user: { token: 'secret' } });

    await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(staging.asked).toEqual([]);
    expect(cluster.server).toBe(production.url);
  });

  test.each(['', 'apiVersion: v1\nclusters: [{', '[]'])('changes nothing while it holds %j', async (text) => {
    const dir = await tempDir();
    const { url: server } = await startServer([]);
    const kubeconfig = writeKubeconfig(dir, { server, user: { token: 'old' } });
    const cluster = load(kubeconfig);

    writeFileSync(kubeconfig, text);

    await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(cluster.server).toBe(server);
  });

  test('has its watches begin at the new server with a full picture', async () => {
    const { dir, old, moved, cluster, first } = await startMove();

    writeKubeconfig(dir, { server: moved.api.url, user: { token: 'new' } });
    old.refuse = (_, response) => {
      sendStatus(response, 401, 'Unauthorized', 'Unauthorized');
      return true;
    };
    moved.refuse = ({ query }, response) => {
      if (query.get('watch') === 'true') return false;
      sendJson(response, deploymentObject('web'));
      return true;
    };
    await cluster.readDeployment(web);
    const second = await moved.watch(0);

    expect(second.asked.query.has('resourceVersion')).toBe(false);
    await eventually(() => !first.isOpen);
    await eventually(() => old.api.connected.now === 0);
  });

  test('cuts off the watch on a connection that was given up as silent before', async () => {
    const clock = createManualClock();
    const { dir, old, moved, cluster, first } = await startMove(clock);
    let asked = 0;
    old.refuse = ({ query }) => {
      asked += 1;
      return query.get('watch') !== 'true';
    };

    clock.advance(1);
    const unanswered = cluster.readDeployment(web);
    await eventually(() => asked === 1);
    writeKubeconfig(dir, { server: moved.api.url, user: { token: 'old' } });
    clock.advance(10_000);

    await expect(unanswered).rejects.toMatchObject({ kind: 'unreachable' });
    await eventually(() => !first.isOpen);
    expect((await moved.watch(0)).asked.query.has('resourceVersion')).toBe(false);
  });

  test('ends the calls to the old server without taking that for an answer', async () => {
    const dir = await tempDir();
    let waiting = 0;
    const old = await startApiServer(({ path }, response) => {
      if (path.endsWith('/web')) waiting += 1;
      else sendStatus(response, 401, 'Unauthorized', 'Unauthorized');
    });
    cleanups.push(old.stop);
    const moved = await startServer(['new']);
    const cluster = load(writeKubeconfig(dir, { server: old.url, user: { token: 'old' } }));
    const told: string[] = [];
    cluster.connection.subscribe(({ path }) => told.push(path));
    const cutOff = cluster.readDeployment(web);
    cutOff.catch(() => {});
    await eventually(() => waiting === 1);

    writeKubeconfig(dir, { server: moved.url, user: { token: 'new' } });
    await cluster.readDeployment({ service: 'api', namespace: 'prod' });

    await expect(cutOff).rejects.toMatchObject({ kind: 'gone' });
    expect(told.filter((path) => path.endsWith('/web'))).toEqual([]);
  });
});

test.runIf(requireTool('openssl'))('an authority that was replaced in the kubeconfig is trusted', async () => {
  const dir = await tempDir();
  const certificate = createCertificate(dir);
  const data = (text: string) => ({ 'certificate-authority-data': Buffer.from(text).toString('base64') });
  const stranger = createCertificate(dir, 'stranger');
  const { url: server } = await startServer(['secret'], { certificate });
  const user = { token: 'secret' };
  const cluster = load(writeKubeconfig(dir, { server, user, cluster: data(stranger.cert) }));

  writeKubeconfig(dir, { server, user, cluster: data(certificate.cert) });

  await expect(cluster.readDeployment(web)).rejects.toMatchObject({ kind: 'unreachable' });
  expect((await cluster.readDeployment(web)).name).toBe('web');
});
