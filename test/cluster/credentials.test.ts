import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import type { TempDir } from '../support/temp-dir.ts';
import { type ApiServer, sendJson, startApiServer } from './api-server.ts';
import { writeKubeconfig } from './kubeconfigs.ts';
import { cleanups, load, tempDir } from './loaded-cluster.ts';
import { deploymentObject } from './objects.ts';

const web = { service: 'web', namespace: 'prod' };

const answerDeployment: ApiServer['answer'] = (_, response) => sendJson(response, deploymentObject('web'));

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

  test.each([
    { what: 'that fails', body: 'echo "the session is over" >&2; exit 3' },
    { what: 'whose tokens are refused', body: 'cat "$(dirname "$0")/answer.json"' },
  ])('a plugin $what is not run for every call, and soon again', async ({ body }) => {
    const dir = await tempDir();
    const { server, guard } = await startGuardedServer();
    const clock = createManualClock();
    printToken(dir, 'wrong');
    const cluster = load(writeKubeconfig(dir, { server: server.url, user: writePlugin(dir, body) }), clock);
    for (let call = 1; call <= 10; call += 1) await expect(cluster.readDeployment(web)).rejects.toThrow();
    const runs = runsOf(dir).length;

    guard.token = 'right';
    printToken(dir, 'right');
    writePlugin(dir);
    clock.advance(5_000);

    expect(runs).toBeLessThanOrEqual(2);
    expect((await cluster.readDeployment(web)).name).toBe('web');
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
    {
      what: 'complains of its secret',
      body: 'echo "cannot log in with client_secret=s3cret-token" >&2; exit 3',
      says: 'ended with 3: cannot log in with client_secret=[redacted]',
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

  test('a plugin inherits the environment it is given, and the variables of its section come first', async () => {
    const dir = await tempDir();
    const { server, guard } = await startGuardedServer();
    guard.token = 'ours-mine';
    const { exec } = writePlugin(dir, `echo "{\\"status\\":{\\"token\\":\\"$SESSION-$PROFILE\\"}}"`);
    const user = { exec: { ...exec, env: [{ name: 'PROFILE', value: 'mine' }] } };
    const cluster = load(writeKubeconfig(dir, { server: server.url, user }));

    await cluster.readDeployment(web);

    expect(server.asked).toHaveLength(1);
  });

  test('a plugin that is not installed is named with its hint', async () => {
    const dir = await tempDir();
    const exec = { command: 'no-such-plugin', installHint: 'see https://example.com' };
    const cluster = load(writeKubeconfig(dir, { server: 'http://127.0.0.1:1', user: { exec } }));

    await expect(cluster.readDeployment(web)).rejects.toThrow(
      'credential plugin "no-such-plugin" is not installed: see https://example.com',
    );
  });

  describe('a plugin that hangs', () => {
    async function startHanging(clock = systemClock) {
      const dir = await tempDir();
      const body = 'sleep 600 & echo $! > "$(dirname "$0")/child"; wait';
      const cluster = load(writeKubeconfig(dir, { server: 'http://127.0.0.1:1', user: writePlugin(dir, body) }), clock);
      const call = cluster.readDeployment(web);
      call.catch(() => {});
      const child = await eventually(() => Number(readFileSync(dir.file('child'), 'utf8')));
      return { cluster, call, child };
    }

    test('is ended after 30 s, with what it started', async () => {
      const clock = createManualClock();
      const { call, child } = await startHanging(clock);

      clock.advance(30_000);

      await expect(call).rejects.toMatchObject({ kind: 'unauthorized', detail: expect.stringMatching('within 30 s') });
      await eventually(() => !isRunning(child));
    });

    test('ends with the engine', async () => {
      const { cluster, call, child } = await startHanging();

      await cluster.close();

      await expect(call).rejects.toThrow('was stopped');
      await eventually(() => !isRunning(child));
    });
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
