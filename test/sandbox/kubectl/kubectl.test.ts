import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { deploymentManifest } from '../../support/deployment-manifest.ts';
import { eventually } from '../../support/eventually.ts';
import { createKubectl, type Kubectl } from '../../support/kubectl.ts';
import { requireTool } from '../../support/required-tool.ts';
import { createTempDir, type TempDir } from '../../support/temp-dir.ts';

const hasKubectl = requireTool('kubectl');

/** The lines of a printed table as lists of cells. */
function rows(printed: string): readonly (readonly string[])[] {
  return printed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s{2,}/));
}

describe.runIf(hasKubectl)('stock kubectl', () => {
  let dir: TempDir;
  let sandbox: Sandbox;
  let kubectl: Kubectl;
  let bob: Kubectl;
  let names = 0;

  beforeAll(async () => {
    dir = await createTempDir('kubectl');
    sandbox = await startSandbox({ token: 'root', users: [{ token: 'bob-token', name: 'bob' }] });
    kubectl = await createKubectl(dir, sandbox.kubeconfig());
    bob = await createKubectl(dir, sandbox.kubeconfig('bob-token'), 'bob');
  });

  afterAll(async () => {
    await sandbox?.stop();
    await dir?.remove();
  });

  /** A Deployment of its own for each test, rolled out. */
  async function deployed(replicas = 1): Promise<string> {
    names += 1;
    const name = `web${names}`;
    await kubectl.out(['create', 'deployment', name, '--image=registry.test/app:v1', `--replicas=${replicas}`]);
    await kubectl.out(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
    return name;
  }

  test('get prints the columns people know, wide and narrow', async () => {
    const name = await deployed(2);

    const [head, ...deployments] = rows(await kubectl.out(['get', 'deploy', name, '-o', 'wide']));
    const pods = rows(await kubectl.out(['get', 'pods', '-l', `app=${name}`, '--no-headers']));
    const sets = rows(await kubectl.out(['get', 'rs', '-l', `app=${name}`, '--no-headers']));

    expect(head).toEqual(['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR']);
    expect(deployments[0]?.toSpliced(4, 1)).toEqual([
      name,
      '2/2',
      '2',
      '2',
      'app',
      'registry.test/app:v1',
      `app=${name}`,
    ]);
    expect(pods.map((cells) => cells.slice(1, 4))).toEqual([
      ['1/1', 'Running', '0'],
      ['1/1', 'Running', '0'],
    ]);
    expect(sets[0]?.slice(1, 4)).toEqual(['2', '2', '2']);
  });

  test('get -o json, yaml, name and jsonpath', async () => {
    const name = await deployed();
    const get = (format: string) => kubectl.out(['get', 'deploy', name, '-o', format]);

    expect(JSON.parse(await get('json'))).toMatchObject({ kind: 'Deployment', metadata: { name } });
    expect(await get('yaml')).toMatch(/^apiVersion: apps\/v1\nkind: Deployment\n/);
    expect(await get('name')).toBe(`deployment.apps/${name}\n`);
    expect(await get('jsonpath={.spec.template.spec.containers[0].image}')).toBe('registry.test/app:v1');
  });

  test('get -w follows a rollout', async () => {
    const name = await deployed();
    const watching = kubectl.start(['get', 'deploy', name, '-w', '-o', 'jsonpath={.metadata.generation} ']);
    let seen = '';
    watching.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await eventually(() => seen.includes('1 '));

    await kubectl.out(['set', 'image', `deploy/${name}`, 'app=registry.test/app:v2']);

    await eventually(() => seen.includes('2 '));
    watching.kill();
    await once(watching, 'exit');
  });

  test('set image, rollout status and rollout history tell a deployment with its cause', async () => {
    const name = await deployed(2);
    const target = `deployment/${name}`;

    await kubectl.out(['set', 'image', target, 'app=registry.test/app:v2']);
    await kubectl.out(['annotate', target, 'kubernetes.io/change-cause=deploy v2']);
    const status = await kubectl.out(['rollout', 'status', target, '--timeout=30s']);

    expect(status).toContain(`deployment "${name}" successfully rolled out`);
    await eventually(async () => (await kubectl.out(['rollout', 'history', target])).includes('deploy v2'));
    const history = rows(await kubectl.out(['rollout', 'history', target]));
    expect(history.slice(1)).toEqual([
      ['REVISION', 'CHANGE-CAUSE'],
      ['1', '<none>'],
      ['2', 'deploy v2'],
    ]);
    expect(await kubectl.out(['rollout', 'history', target, '--revision=1'])).toContain('registry.test/app:v1');
  });

  test('rollout undo, pause, resume and restart', async () => {
    const name = await deployed();
    const target = `deployment/${name}`;
    await kubectl.out(['set', 'image', target, 'app=registry.test/app:v2']);
    await kubectl.out(['rollout', 'status', target, '--timeout=30s']);

    await kubectl.out(['rollout', 'undo', target]);
    const image = await kubectl.out(['get', target, '-o', 'jsonpath={.spec.template.spec.containers[0].image}']);
    await kubectl.out(['rollout', 'pause', target]);
    const paused = await kubectl.out(['get', target, '-o', 'jsonpath={.spec.paused}']);
    await kubectl.out(['rollout', 'resume', target]);
    await kubectl.out(['rollout', 'restart', target]);

    expect([image, paused]).toEqual(['registry.test/app:v1', 'true']);
    expect(await kubectl.out(['rollout', 'status', target, '--timeout=30s'])).toContain('successfully rolled out');
  });

  test('describe shows replicas, conditions, ReplicaSets and events', async () => {
    const name = await deployed();

    const told = await kubectl.out(['describe', 'deploy', name]);

    expect(told).toContain('1 desired | 1 updated | 1 total | 1 available | 0 unavailable');
    expect(told).toMatch(/Progressing\s+True\s+NewReplicaSetAvailable/);
    expect(told).toMatch(/NewReplicaSet:\s+web\d+-[a-z0-9]+ \(1\/1 replicas created\)/);
    expect(told).toMatch(/ScalingReplicaSet .*deployment-controller\s+Scaled up replica set/);
  });

  test('a version that cannot be pulled shows in get pods and get events, and rollout status waits', async () => {
    const name = await deployed();

    await kubectl.out(['set', 'image', `deploy/${name}`, 'app=registry.test/app:missing']);

    await eventually(
      async () => /ErrImagePull|ImagePullBackOff/.test(await kubectl.out(['get', 'pods', '-l', `app=${name}`])),
      { timeoutMs: 30_000 },
    );
    const events = await kubectl.out(['get', 'events', '--field-selector', 'type=Warning']);
    expect(events).toMatch(new RegExp(`Failed\\s+pod/${name}-.*Failed to pull image "registry.test/app:missing"`));
    const status = await kubectl.run(['rollout', 'status', `deploy/${name}`, '--timeout=1s']);
    expect(status.code).toBe(1);
  });

  test('logs print what the container printed, also of the run before', async () => {
    const name = await deployed();
    expect(await kubectl.out(['logs', `deploy/${name}`, '--tail=1'])).not.toBe('');

    await kubectl.out(['set', 'image', `deploy/${name}`, 'app=registry.test/app:crash']);
    const pod = await eventually(
      async () => {
        const pods = rows(await kubectl.out(['get', 'pods', '-l', `app=${name}`, '--no-headers']));
        return pods.find((cells) => /CrashLoopBackOff/.test(cells[2] ?? ''))?.[0];
      },
      { timeoutMs: 30_000 },
    );

    expect(await kubectl.out(['logs', pod, '--previous'])).not.toBe('');
  });

  test('apply creates, changes and leaves alone; server-side it tells conflicts', async () => {
    const name = `applied${Date.now()}`;
    const manifest = (replicas: number) => JSON.stringify(deploymentManifest(name, { replicas }));

    const first = await kubectl.out(['apply', '-f', '-'], manifest(1));
    const same = await kubectl.out(['apply', '-f', '-'], manifest(1));
    const changed = await kubectl.out(['apply', '-f', '-'], manifest(2));
    const contested = await kubectl.run(['apply', '--server-side', '--field-manager=ci', '-f', '-'], manifest(3));
    const typo = await kubectl.run(['apply', '-f', '-'], JSON.stringify(deploymentManifest(name, { replica: 1 })));

    expect([first, same, changed].map((told) => told.trim().split(' ').at(-1))).toEqual([
      'created',
      'unchanged',
      'configured',
    ]);
    expect(contested.stderr).toContain('conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas');
    expect(typo.stderr).toContain('unknown field "spec.replica"');
  });

  test('patch, scale, label and delete', async () => {
    const name = await deployed();
    const target = `deployment/${name}`;
    const replicas = () => kubectl.out(['get', target, '-o', 'jsonpath={.spec.replicas}']);

    await kubectl.out(['scale', target, '--replicas=3']);
    const scaled = await replicas();
    await kubectl.out(['patch', target, '-p', '{"spec":{"replicas":2}}']);
    const patched = await replicas();
    await kubectl.out(['patch', target, '--type=json', '-p', '[{"op":"replace","path":"/spec/replicas","value":1}]']);
    await kubectl.out(['label', target, 'tier=front']);
    await kubectl.out(['delete', 'deploy', '-l', 'tier=front']);

    expect([scaled, patched]).toEqual(['3', '2']);
    expect((await kubectl.run(['get', target])).stderr).toContain(`deployments.apps "${name}" not found`);
    await eventually(async () => (await kubectl.out(['get', 'pods', '-l', `app=${name}`])) === '');
  });

  test('create ns, and delete ns with all that is in it', async () => {
    await kubectl.out(['create', 'ns', 'team']);
    await kubectl.out(['-n', 'team', 'create', 'configmap', 'settings', '--from-literal=a=b']);
    await kubectl.out(['-n', 'team', 'create', 'deployment', 'web', '--image=registry.test/app:v1']);

    const twice = await kubectl.run(['create', 'ns', 'team']);
    await kubectl.out(['delete', 'ns', 'team', '--timeout=30s']);

    expect(twice.stderr).toContain('namespaces "team" already exists');
    expect((await kubectl.run(['get', 'ns', 'team'])).stderr).toContain('not found');
    expect(await kubectl.out(['get', 'deploy,rs,pods,configmaps', '-A', '-o', 'name'])).not.toContain('team');
  });

  test('auth can-i answers as requests are answered', async () => {
    const admin = await kubectl.run(['auth', 'can-i', 'create', 'deployments']);
    const before = await bob.run(['auth', 'can-i', 'list', 'pods']);
    const refused = await bob.run(['get', 'pods']);
    await kubectl.out(['create', 'role', 'reader', '--verb=get,list', '--resource=pods,deployments.apps']);
    await kubectl.out(['create', 'rolebinding', 'bob-reads', '--role=reader', '--user=bob']);
    const after = await bob.run(['auth', 'can-i', 'list', 'pods']);
    const list = await bob.out(['auth', 'can-i', '--list']);

    expect([admin.stdout, before.stdout, after.stdout].map((told) => told.trim())).toEqual(['yes', 'no', 'yes']);
    expect(refused.stderr).toContain(
      'User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    expect(list).toMatch(/deployments\.apps\s+\[\]\s+\[\]\s+\[get list\]/);
    expect((await bob.run(['get', 'pods'])).code).toBe(0);
  });

  test('get nodes, namespaces, services, quotas, all; version and api-resources', async () => {
    const name = await deployed();
    await kubectl.out(['expose', 'deploy', name, '--port=80']);
    await kubectl.out(['create', 'quota', `q-${name}`, '--hard=pods=1000']);

    expect(await kubectl.out(['get', 'nodes'])).toMatch(/sandbox\s+Ready/);
    expect(await kubectl.out(['get', 'ns', 'default'])).toMatch(/default\s+Active/);
    expect(await kubectl.out(['get', 'svc', name])).toMatch(/ClusterIP\s+10\.96\.\d+\.\d+\s+<none>\s+80\/TCP/);
    expect(await kubectl.out(['describe', 'quota', `q-${name}`])).toMatch(/pods\s+\d+\s+1k/);
    expect(await kubectl.out(['get', 'all'])).toContain(`deployment.apps/${name}`);
    expect(await kubectl.out(['version', '-o', 'json'])).toContain('"gitVersion": "v1.36.1+sandbox"');
    expect(await kubectl.out(['api-resources', '--api-group=apps', '--no-headers'])).toMatch(/deployments\s+deploy/);
  });
});
