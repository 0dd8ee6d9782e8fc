import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadClusterAccess } from '../../src/cluster/kubeconfig.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { writeKubeconfig } from './kubeconfigs.ts';

let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await dir.remove();
});

const A = 'https://a.example:6443';
const B = 'https://b.example:6443';

describe('several files in KUBECONFIG', () => {
  test('are merged, and the first to name a thing wins', () => {
    const first = writeKubeconfig(dir, { name: 'a', server: A, user: { token: 'first' } }, 'one');
    const second = writeKubeconfig(dir, { name: 'a', server: B, user: { token: 'second' } }, 'two');
    const third = writeKubeconfig(dir, { name: 'b', server: B }, 'three');
    const kubeconfig = [first, second, third].join(':');

    const byDefault = loadClusterAccess({ kubeconfig });
    const chosen = loadClusterAccess({ kubeconfig, context: 'b' });

    expect(byDefault).toMatchObject({ contextName: 'a', cluster: { server: A }, user: { token: 'first' } });
    expect(chosen.cluster.server).toBe(B);
  });

  test('one that is not there is passed over, as kubectl does', () => {
    const present = writeKubeconfig(dir, { server: A });

    expect(loadClusterAccess({ kubeconfig: `${dir.file('missing')}:${present}` }).cluster.server).toBe(A);
  });

  test('none of which is there are all named', () => {
    const kubeconfig = `${dir.file('one')}:${dir.file('two')}`;

    expect(() => loadClusterAccess({ kubeconfig })).toThrow(
      `${dir.file('one')}: no such file; ${dir.file('two')}: no such file`,
    );
  });

  test('a directory in the place of a file is told as one', () => {
    expect(() => loadClusterAccess({ kubeconfig: dir.path })).toThrow(`${dir.path}: is a directory`);
  });

  test('paths belong to the folder of the file they stand in', () => {
    mkdirSync(dir.file('sub'));
    writeFileSync(dir.file('sub/ca.crt'), 'CA');
    const user = { exec: { command: './bin/login' } };
    writeKubeconfig(dir, { server: A, cluster: { 'certificate-authority': 'ca.crt' }, user }, 'sub/config');

    const access = loadClusterAccess({ kubeconfig: dir.file('sub/config') });

    expect(access.cluster.ca).toEqual({ file: dir.file('sub/ca.crt') });
    expect(access.user.exec?.command).toBe(dir.file('sub/bin/login'));
  });
});

describe('the order', () => {
  test('~/.kube/config is read when KUBECONFIG is not set', () => {
    mkdirSync(dir.file('.kube'));
    writeKubeconfig(dir, { server: A }, '.kube/config');

    expect(loadClusterAccess({ kubeconfig: '', home: dir.path }).cluster.server).toBe(A);
  });

  test('a pod uses its service account', () => {
    const root = writeServiceAccount();
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443');

    const access = loadClusterAccess({ home: dir.file('nobody'), serviceAccountRoot: root });

    expect(access).toMatchObject({
      contextName: 'in-cluster',
      cluster: { server: 'https://10.0.0.1:443', skipTlsVerify: false },
      user: { tokenFile: expect.stringMatching(/serviceaccount\/token$/) },
    });
  });

  test('a token without an address is said to lack one', () => {
    const root = writeServiceAccount();
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
    vi.stubEnv('KUBERNETES_SERVICE_PORT', undefined);

    expect(() => loadClusterAccess({ serviceAccountRoot: root })).toThrow('KUBERNETES_SERVICE_HOST');
  });

  test('nothing at all is an error that names all places, never localhost:8080', () => {
    const nowhere = { home: dir.file('nobody'), serviceAccountRoot: dir.path };

    expect(() => loadClusterAccess(nowhere)).toThrow(
      /no cluster is configured: KUBECONFIG is not set, .*nobody\/\.kube\/config does not exist, and this is not a pod/,
    );
  });

  function writeServiceAccount(): string {
    const folder = join(dir.path, 'root/var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(folder, { recursive: true });
    for (const file of ['token', 'ca.crt']) writeFileSync(join(folder, file), file);
    return dir.file('root');
  }
});

describe('what is wrong is said', () => {
  test('an unknown context, with those there are', () => {
    const kubeconfig = writeKubeconfig(dir, { name: 'staging', server: A });

    expect(() => loadClusterAccess({ kubeconfig, context: 'prod' })).toThrow(
      `${kubeconfig}: there is no context "prod"; there are: staging`,
    );
  });

  test.each([
    { what: 'an empty file', text: '', says: 'is empty' },
    { what: 'broken YAML', text: 'clusters: [', says: 'unexpected end' },
    { what: 'another text', text: 'hello', says: 'is not a kubeconfig' },
    { what: 'a file without a context', text: '{"kind":"Config","apiVersion":"v1"}', says: 'no current-context' },
    {
      what: 'an entry without a name',
      text: '{"kind":"Config","apiVersion":"v1","users":[{}]}',
      says: 'has no name at users[0]',
    },
  ])('$what', ({ text, says }) => {
    writeFileSync(dir.file('config'), text);

    expect(() => loadClusterAccess({ kubeconfig: dir.file('config') })).toThrow(says);
  });

  test('a server that is not encrypted, unless that was accepted', () => {
    const open = { server: 'http://10.0.0.1:8080', cluster: { 'insecure-skip-tls-verify': false } };
    const accepted = writeKubeconfig(dir, { server: 'http://10.0.0.1:8080' }, 'accepted');

    expect(() => loadClusterAccess({ kubeconfig: writeKubeconfig(dir, open) })).toThrow('is not encrypted; use https');
    expect(loadClusterAccess({ kubeconfig: accepted }).cluster.skipTlsVerify).toBe(true);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]'])('but one at %s, where `kubectl proxy` serves, may be open', (host) => {
    const server = `http://${host}:8001`;
    const open = writeKubeconfig(dir, { server, cluster: { 'insecure-skip-tls-verify': false } });

    expect(loadClusterAccess({ kubeconfig: open }).cluster.server).toBe(server);
  });

  test.each(['127.0.0.1.example.com', 'localhost.example.com'])('and %s is another machine', (host) => {
    const open = writeKubeconfig(dir, {
      server: `http://${host}:8001`,
      cluster: { 'insecure-skip-tls-verify': false },
    });

    expect(() => loadClusterAccess({ kubeconfig: open })).toThrow('is not encrypted; use https');
  });

  test('all problems of a context at once', () => {
    const kubeconfig = writeKubeconfig(dir, {
      server: 'ftp://x',
      cluster: { 'certificate-authority': 'no-ca.crt', 'proxy-url': 'gopher://x' },
      user: { 'client-certificate': 'no.crt', tokenFile: 'no-token' },
    });

    const problem = errorOf(() => loadClusterAccess({ kubeconfig }));

    expect(problem).toContain('expected a server that begins with https://');
    expect(problem).toContain(`certificate-authority ${dir.file('no-ca.crt')}: no such file`);
    expect(problem).toContain('expected a proxy-url with http, https or socks5');
    expect(problem).toContain(`client-certificate ${dir.file('no.crt')}: no such file`);
    expect(problem).toContain(`tokenFile ${dir.file('no-token')}: no such file`);
    expect(problem).toContain('client-certificate and client-key belong together');
  });

  test('a context whose cluster and user are not there', () => {
    const text = {
      kind: 'Config',
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(dir.file('config'), JSON.stringify(text));

    const problem = errorOf(() => loadClusterAccess({ kubeconfig: dir.file('config') }));

    expect(problem).toContain(
      'the cluster "c", which is not there; context "x" names the user "u", which is not there',
    );
  });
});

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}
