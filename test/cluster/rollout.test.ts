/** The room against the sandbox: a whole rollout as the engine sees it, also while everything breaks. */
import { writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { loadCluster } from '../../src/cluster/cluster.ts';
import type { Call } from '../../src/cluster/connection.ts';
import { createObserver } from '../../src/cluster/observer.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventually } from '../support/eventually.ts';
import { createTempDir } from '../support/temp-dir.ts';

const web = { service: 'web', namespace: 'prod' };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function createWorld(options: Parameters<typeof startSandbox>[0] = {}) {
  const dir = await createTempDir();
  const sandbox = await startSandbox(options);
  writeFileSync(dir.file('kubeconfig'), sandbox.kubeconfig());
  const calls: Call[] = [];
  const cluster = loadCluster(
    { kubeconfig: dir.file('kubeconfig'), userAgent: 'test', pluginEnv: {}, onCall: (call) => calls.push(call) },
    systemClock,
  );
  const hints: string[] = [];
  const observer = createObserver(cluster, systemClock, {
    isOurs: (namespace, name) => namespace === 'prod' && name === 'web',
    onHint: (namespace, name) => hints.push(`${name}/${namespace}`),
    onState: () => {},
    onError: (error) => {
      throw error;
    },
  });
  cleanups.push(
    () => dir.remove(),
    () => sandbox.stop(),
    () => cluster.close(),
    () => observer.stop(),
  );
  await cluster.createNamespace('prod');
  await createDeployment(sandbox);
  observer.start();
  await eventually(() => isComplete(observer.deployment(web).view));
  return { sandbox, cluster, observer, calls, hints };
}

async function createDeployment(sandbox: Sandbox): Promise<void> {
  const labels = { app: 'web' };
  const containers = [{ name: 'web', image: 'nginx:1.25.0' }];
  const answer = await fetch(`${sandbox.url}/apis/apps/v1/namespaces/prod/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

function isComplete(view: DeploymentView | undefined): boolean {
  if (view === undefined || view.observedGeneration < view.generation) return false;
  const { replicas, statusReplicas, updatedReplicas, availableReplicas } = view;
  return [statusReplicas, updatedReplicas, availableReplicas].every((count) => count === replicas);
}

function setImage(image: string) {
  return [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }] as const;
}

test('a healthy rollout is seen through with four requests', async () => {
  const { cluster, observer, calls } = await createWorld();
  const before = calls.length;

  const { uid } = await cluster.readDeployment(web);
  const { generation } = await cluster.patchDeployment(web, setImage('nginx:1.26.0'));
  observer.follow('web_prod', 'prod');
  await eventually(() => {
    const { view } = observer.deployment(web);
    return view !== undefined && view.generation >= generation && isComplete(view);
  });
  await eventually(() => observer.rollout('prod', uid).pods.length === 3);

  const { replicaSets, pods } = observer.rollout('prod', uid);
  const newest = replicaSets.find((replicaSet) => replicaSet.containers[0]?.image === 'nginx:1.26.0');
  expect(newest?.revision).toBe(2);
  expect(pods.map((pod) => pod.ownerUid)).toEqual([newest?.uid, newest?.uid, newest?.uid]);
  expect(calls.length - before).toBe(4);
});

test('an image that cannot be pulled shows in the pod within the watch, with events and revisions to tell it by', async () => {
  const { cluster, observer } = await createWorld();
  const { uid } = await cluster.readDeployment(web);
  observer.follow('web_prod', 'prod');

  await cluster.patchDeployment(web, setImage('nginx:missing'));
  const waiting = await eventually(() =>
    observer
      .rollout('prod', uid)
      .pods.flatMap((pod) => pod.containers)
      .find(({ state }) => state.kind === 'waiting' && state.reason === 'ErrImagePull'),
  );
  const { replicaSets } = observer.rollout('prod', uid);
  const events = await cluster.listEvents('prod', [uid, ...replicaSets.map((replicaSet) => replicaSet.uid)]);

  expect(waiting.image).toBe('nginx:missing');
  expect(replicaSets.map((replicaSet) => replicaSet.revision).sort()).toEqual([1, 2]);
  expect(events.map((event) => event.reason)).toContain('ScalingReplicaSet');
});

test('a patch whose test fails is a conflict, and one the object cannot take is invalid', async () => {
  const { cluster } = await createWorld();

  const stale = cluster.patchDeployment(web, [{ op: 'test', path: '/metadata/uid', value: 'another' }]);
  const nonsense = cluster.patchDeployment(web, setImage(''));

  await expect(stale).rejects.toMatchObject({ kind: 'conflict', code: 422 });
  await expect(nonsense).rejects.toMatchObject({ kind: 'invalid', code: 422 });
});

test('watches cut every 20 ms and versions forgotten, the rollout is still seen to its end', async () => {
  const { sandbox, cluster, observer } = await createWorld();
  const { uid } = await cluster.readDeployment(web);
  observer.follow('web_prod', 'prod');
  const endCutting = sandbox.faults.cutWatchesEvery(20);

  const { generation } = await cluster.patchDeployment(web, setImage('nginx:1.26.0'));
  sandbox.compact();
  await eventually(() => {
    const { view } = observer.deployment(web);
    return view !== undefined && view.generation >= generation && isComplete(view);
  });
  endCutting();

  await eventually(() => observer.deployment(web).live && observer.rollout('prod', uid).synced);
  // The last pod of the old ReplicaSet may still be going.
  await eventually(() => observer.rollout('prod', uid).pods.length === 3);
  expect(observer.rollout('prod', uid).pods.map((pod) => pod.containers[0]?.image)).toEqual(
    Array.from({ length: 3 }, () => 'nginx:1.26.0'),
  );
});

test('a third of all requests failing, the rollout is still seen to its end', async () => {
  const { sandbox, cluster, observer } = await createWorld();
  let requests = 0;
  const counts = () => {
    requests += 1;
    return requests % 6 === 0;
  };
  sandbox.faults.add({ match: counts, effect: { kind: 'refuse', code: 503 } });
  sandbox.faults.add({ match: () => requests % 6 === 3, effect: { kind: 'drop' } });
  sandbox.faults.cutWatches();

  await eventually(() => cluster.patchDeployment(web, setImage('nginx:1.26.0')));
  await eventually(
    () => {
      const { view } = observer.deployment(web);
      return view?.containers[0]?.image === 'nginx:1.26.0' && isComplete(view);
    },
    { timeoutMs: 30_000 },
  );

  expect(observer.deployment(web).view?.updatedReplicas).toBe(3);
});

test('a patch whose answer is lost is unreachable, and the watch shows that it was applied', async () => {
  const { sandbox, cluster, observer } = await createWorld();
  sandbox.faults.add({ match: ({ method }) => method === 'PATCH', effect: { kind: 'lose-reply' }, times: 1 });

  await expect(cluster.patchDeployment(web, setImage('nginx:1.26.0'))).rejects.toMatchObject({ kind: 'unreachable' });

  await eventually(() => observer.deployment(web).view?.containers[0]?.image === 'nginx:1.26.0');
});

test('a Deployment that is deleted, and one that appears, are hints', async () => {
  const { sandbox, observer, hints } = await createWorld();

  sandbox.store.delete('deployments.apps', 'prod', 'web');
  await eventually(() => observer.deployment(web).view === undefined && observer.deployment(web).live);
  const before = hints.length;
  await createDeployment(sandbox);
  await eventually(() => observer.deployment(web).view);

  expect(hints.length).toBeGreaterThan(before);
});
