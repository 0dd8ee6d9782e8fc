import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiClient, MERGE_PATCH } from '../support/api-client.ts';
import { type OwnControlPlane, startControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { at, listAt, numberAt, textAt } from '../support/json.ts';
import { isAlive, startScript } from '../support/script-process.ts';
import { controlPlaneBinaries } from './binaries.ts';

const BUILT = controlPlaneBinaries() !== undefined;

function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

describe.skipIf(!BUILT)('a running control plane', () => {
  let plane: OwnControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane();
  });

  afterAll(() => plane?.stop());

  const deployments = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`;

  /** A Deployment `web` with one container; returns its path. */
  async function createDeployment(image: string, template: object = {}): Promise<string> {
    const namespace = await plane.newNamespace();
    const labels = { app: 'web' };
    const body = {
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels, ...template }, spec: { containers: [{ name: 'app', image }] } },
      },
    };
    await plane.api.ask('POST', deployments(namespace), { body });
    return `${deployments(namespace)}/web`;
  }

  const namespaceOf = (path: string) => path.split('/')[5] ?? '';

  /** The only container's status in the only pod, once `holds` is true of it. */
  function containerStatus(path: string, holds: (status: unknown) => boolean): Promise<unknown> {
    return eventually(async () => {
      const pods = await plane.api.ask('GET', `/api/v1/namespaces/${namespaceOf(path)}/pods`);
      const [status] = listAt(pods, 'items', 0, 'status', 'containerStatuses');
      return holds(status) && status;
    });
  }

  test('it says its version', async () => {
    const version = await plane.api.ask('GET', '/version');

    expect(textAt(version, 'gitVersion')).toMatch(/^v1\.\d+\.\d+$/);
  });

  test('a Deployment becomes available, its pods played by the simulator', async () => {
    const path = await createDeployment('nginx:1.25.0');

    const status = await eventually(async () => {
      const { status } = Object(await plane.api.ask('GET', path));
      return numberAt(status, 'availableReplicas') === 1 && status;
    });

    expect(status).toMatchObject({ observedGeneration: 1, readyReplicas: 1, updatedReplicas: 1 });
  });

  test('with the controllers paused every status is stale, and resumed it catches up', async () => {
    const path = await createDeployment('nginx:1.25.0');
    await eventually(async () => numberAt(await plane.api.ask('GET', path), 'status', 'availableReplicas') === 1);
    plane.pauseControllers();
    const image = { spec: { template: { spec: { containers: [{ name: 'app', image: 'nginx:1.26.0' }] } } } };
    await plane.api.ask('PATCH', path, { body: image, contentType: MERGE_PATCH });

    const paused = await plane.api.ask('GET', path);

    const generation = numberAt(paused, 'metadata', 'generation');
    expect(numberAt(paused, 'status', 'observedGeneration')).toBeLessThan(generation);
    expect(numberAt(paused, 'status', 'availableReplicas')).toBe(1);
    plane.resumeControllers();
    await eventually(async () => {
      const resumed = await plane.api.ask('GET', path);
      return numberAt(resumed, 'status', 'observedGeneration') >= generation;
    });
  });

  test('nobody may do anything, and a user exactly what was granted', async () => {
    const namespace = await plane.newNamespace();
    const nobody = createApiClient({ url: plane.url, token: plane.address.nobodyToken });
    const reader = { namespace, apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] };
    const user = await plane.createUser(namespace, [reader]);
    const limited = createApiClient({ url: plane.url, token: user.token });

    // The authoriser learns of a new role by a watch of its own.
    await eventually(async () => (await limited.request('GET', deployments(namespace))).status === 200);

    expect((await nobody.request('GET', deployments(namespace))).status).toBe(403);
    expect((await limited.request('GET', `/api/v1/namespaces/${namespace}/pods`)).status).toBe(403);
    expect((await limited.request('GET', deployments('default'))).status).toBe(403);
    limited.close();
    nobody.close();
  });

  test.each([
    ['nginx:does-not-exist', 'ImagePullBackOff'],
    ['nginx:crash', 'CrashLoopBackOff'],
    ['nginx:no-config', 'CreateContainerConfigError'],
  ])('%s waits with %s', async (image, reason) => {
    const path = await createDeployment(image);

    await containerStatus(path, (status) => textAt(status, 'state', 'waiting', 'reason') === reason);
  });

  test('a crash loop counts its restarts and keeps the last exit', async () => {
    const path = await createDeployment('nginx:oom');

    const status = await containerStatus(path, (found) => numberAt(found, 'restartCount') >= 2);

    expect(at(status, 'lastState', 'terminated')).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
  });

  test('an annotation of the template chooses the behaviour', async () => {
    const path = await createDeployment('nginx:1', { annotations: { 'sandbox/behaviour': 'unschedulable' } });

    const condition = await eventually(async () => {
      const pods = await plane.api.ask('GET', `/api/v1/namespaces/${namespaceOf(path)}/pods`);
      return at(pods, 'items', 0, 'status', 'conditions', 0);
    });

    expect(condition).toMatchObject({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' });
  });

  test('the log of the run before is served through the API server', async () => {
    const path = await createDeployment('nginx:crash');
    await containerStatus(path, (status) => at(status, 'lastState', 'terminated') !== undefined);
    const pods = `/api/v1/namespaces/${namespaceOf(path)}/pods`;
    const pod = textAt(await plane.api.ask('GET', pods), 'items', 0, 'metadata', 'name');

    const log = await plane.api.ask('GET', `${pods}/${pod}/log?previous=true&tailLines=2`);

    expect(log).toBe('Error: DATABASE_URL is not set\n    at main (/app/server.js:12:9)\n');
  });

  test('trouble is told as an Event, and the same trouble raises its count', async () => {
    const path = await createDeployment('nginx:crash');
    const events = `/api/v1/namespaces/${namespaceOf(path)}/events?fieldSelector=reason=BackOff`;

    const event = await eventually(async () => {
      const [first] = listAt(await plane.api.ask('GET', events), 'items');
      return numberAt(first, 'count') >= 2 && first;
    });

    expect(event).toMatchObject({ type: 'Warning', involvedObject: { kind: 'Pod' }, source: { component: 'kubelet' } });
  });

  test('pods of a deleted Deployment end', async () => {
    const path = await createDeployment('nginx:1');
    await containerStatus(path, (status) => at(status, 'ready') === true);

    await plane.api.ask('DELETE', path);

    const pods = `/api/v1/namespaces/${namespaceOf(path)}/pods`;
    await eventually(async () => listAt(await plane.api.ask('GET', pods), 'items').length === 0);
  });
});

describe.skipIf(!BUILT)('the end of a control plane', () => {
  test('stop leaves no process, port or folder behind, also when the controllers are paused', async () => {
    const plane = await startControlPlane();
    const { url, folder, controllerManagerPid } = plane.address;
    plane.pauseControllers();

    await plane.stop();

    expect(existsSync(folder)).toBe(false);
    expect(isAlive(controllerManagerPid)).toBe(false);
    expect(await isListening(url)).toBe(false);
  });

  test('nothing is left either when the process that started it is killed', async () => {
    const { child, told } = await startScript(
      import.meta.dirname,
      `
        import { startControlPlane } from '../support/control-plane.ts';
        const { address } = await startControlPlane();
        console.log(JSON.stringify(address));
      `,
    );
    const url = textAt(told, 'url');
    expect(await isListening(url)).toBe(true);

    child.kill('SIGKILL');

    await eventually(async () => {
      const traces = [
        isAlive(numberAt(told, 'controllerManagerPid')),
        existsSync(textAt(told, 'folder')),
        await isListening(url),
      ];
      return !traces.includes(true);
    });
  });
});
