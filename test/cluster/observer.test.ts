import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { loadCluster } from '../../src/cluster/cluster.ts';
import { createObserver } from '../../src/cluster/observer.ts';
import type { ReachState } from '../../src/cluster/reach.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { sendStatus } from './api-server.ts';
import { writeKubeconfig } from './kubeconfigs.ts';
import { deploymentObject, podObject, replicaSetObject } from './objects.ts';
import { startWatchServer, type WatchServer } from './watch-server.ts';

const DEPLOYMENTS = '/apis/apps/v1/deployments';
const REPLICA_SETS = '/apis/apps/v1/namespaces/prod/replicasets';
const PODS = '/api/v1/namespaces/prod/pods';
const web = { service: 'web', namespace: 'prod' };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function createWorld(options: { clock?: Clock; ours?: string[]; refuse?: WatchServer['refuse'] } = {}) {
  const { clock = systemClock, ours = ['web'] } = options;
  const server = await startWatchServer();
  server.refuse = options.refuse ?? (() => false);
  const dir = await createTempDir();
  const cluster = loadCluster(
    { kubeconfig: writeKubeconfig(dir, { server: server.api.url }), userAgent: 'test', pluginEnv: {} },
    clock,
  );
  const hints: string[] = [];
  const states: ReachState[] = [];
  const observer = createObserver(cluster, clock, {
    isOurs: (namespace, name) => namespace === 'prod' && ours.includes(name),
    onHint: (namespace, name) => hints.push(`${name}/${namespace}`),
    onState: (state) => states.push(state),
    onError: (error) => {
      throw error;
    },
  });
  cleanups.push(
    () => dir.remove(),
    () => server.api.stop(),
    () => cluster.close(),
    () => observer.stop(),
  );
  return { server, cluster, observer, hints, states };
}

function forbid(...paths: string[]): WatchServer['refuse'] {
  return (asked, response) => {
    if (!paths.includes(asked.path)) return false;
    sendStatus(response, 403, 'Forbidden', 'you may not');
    return true;
  };
}

describe('Deployments', () => {
  test('one of ours is known without asking, and each change is a hint', async () => {
    const { server, observer, hints } = await createWorld();
    observer.start();
    const stream = await server.watch(DEPLOYMENTS);

    stream.send('ADDED', deploymentObject('web'));
    stream.bookmark('100', true);
    await eventually(() => observer.deployment(web).live);
    const first = observer.deployment(web).view?.generation;
    stream.send('MODIFIED', deploymentObject('web', { generation: 3, resourceVersion: '101' }));
    await eventually(() => observer.deployment(web).view?.generation === 3);

    expect(first).toBe(2);
    expect(hints).toEqual(['web/prod', 'web/prod']);
    expect(server.api.asked).toHaveLength(1);
  });

  test('one that is not there is known not to be there', async () => {
    const { server, observer } = await createWorld();
    observer.start();
    (await server.watch(DEPLOYMENTS)).bookmark('100', true);

    await eventually(() => observer.deployment(web).live);

    expect(observer.deployment(web).view).toBeUndefined();
  });

  test('one that became ours after it was seen is not taken for missing', async () => {
    const ours: string[] = [];
    const { server, observer } = await createWorld({ ours });
    observer.start();
    const stream = await server.watch(DEPLOYMENTS);
    stream.send('ADDED', deploymentObject('web'));
    stream.bookmark('100', true);
    await eventually(() => observer.deployment({ service: 'other', namespace: 'prod' }).live);

    ours.push('web');
    const before = observer.deployment(web);
    stream.send('MODIFIED', deploymentObject('web', { resourceVersion: '101' }));
    await eventually(() => observer.deployment(web).view);

    expect(before).toEqual({ view: undefined, live: false });
    expect(observer.deployment(web).live).toBe(true);
  });

  test('one deleted while the watch was down is gone after it starts over', async () => {
    const { server, observer, hints } = await createWorld();
    observer.start();
    const first = await server.watch(0);
    first.send('ADDED', deploymentObject('web'));
    first.bookmark('100', true);
    await eventually(() => observer.deployment(web).view);

    first.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired' });
    const second = await server.watch(1);
    second.bookmark('200', true);
    await eventually(() => observer.deployment(web).view === undefined);

    expect(observer.deployment(web).live).toBe(true);
    expect(hints).toEqual(['web/prod', 'web/prod']);
  });

  test('a late deletion of the one before does not hide the one of the same name', async () => {
    const { server, observer } = await createWorld({ ours: ['web', 'other'] });
    observer.start();
    const stream = await server.watch(DEPLOYMENTS);
    const next = deploymentObject('web', { resourceVersion: '120' });
    stream.bookmark('100', true);
    stream.send('ADDED', { ...next, metadata: { ...next.metadata, uid: 'new' } });

    stream.send('DELETED', deploymentObject('web', { resourceVersion: '121' }));
    stream.send('ADDED', deploymentObject('other', { resourceVersion: '122' }));
    await eventually(() => observer.deployment({ service: 'other', namespace: 'prod' }).view);

    expect(observer.deployment(web).view?.uid).toBe('new');
  });

  test('without the right to watch all namespaces, the one asked for is watched', async () => {
    const { server, observer } = await createWorld({ refuse: forbid(DEPLOYMENTS) });
    observer.start();

    await eventually(() => {
      observer.deployment(web);
      return server.watches[0];
    });
    const stream = await server.watch('/apis/apps/v1/namespaces/prod/deployments');
    stream.send('ADDED', deploymentObject('web'));
    stream.bookmark('100', true);
    await eventually(() => observer.deployment(web).live);

    expect(observer.deployment(web).view?.name).toBe('web');
  });

  describe('without the right to watch all namespaces', () => {
    const NAMESPACED = '/apis/apps/v1/namespaces/prod/deployments';
    const api = { service: 'api', namespace: 'prod' };

    async function createNarrowWorld() {
      const ours = ['web', 'api'];
      const world = await createWorld({ ours, refuse: forbid(DEPLOYMENTS) });
      world.observer.start();
      await eventually(() => {
        for (const target of [web, api]) world.observer.deployment(target);
        return world.server.watches[0];
      });
      const stream = await world.server.watch(NAMESPACED);
      for (const name of ours) stream.send('ADDED', deploymentObject(name));
      stream.bookmark('100', true);
      await eventually(() => world.observer.deployment(web).live);
      const forget = (target: typeof web) => {
        ours.splice(ours.indexOf(target.service), 1);
        world.observer.forget(target);
      };
      return { ...world, ours, stream, forget };
    }

    test('the watch of a namespace ends with its last target', async () => {
      const { server, observer, stream, forget } = await createNarrowWorld();

      forget(web);
      stream.send('MODIFIED', deploymentObject('api', { resourceVersion: '101', generation: 3 }));
      await eventually(() => observer.deployment(api).view?.generation === 3);
      const withOneLeft = server.openWatches;
      forget(api);

      await eventually(() => server.openWatches === 0);
      expect(withOneLeft).toBe(1);
    });

    test('a target that comes back has its namespace watched again, and nothing old is taken for true', async () => {
      const { server, observer, ours, forget } = await createNarrowWorld();
      forget(web);
      forget(api);
      await eventually(() => server.openWatches === 0);

      ours.push('web');
      const before = observer.deployment(web);
      const stream = await server.watch(NAMESPACED);
      stream.bookmark('200', true);
      await eventually(() => observer.deployment(web).live);

      expect(before).toEqual({ view: undefined, live: false });
      expect(observer.deployment(web).view).toBeUndefined();
    });
  });

  test('one that is no longer ours is not kept, and causes no hints', async () => {
    const ours = ['web', 'api'];
    const { server, observer, hints } = await createWorld({ ours });
    observer.start();
    const stream = await server.watch(DEPLOYMENTS);
    stream.send('ADDED', deploymentObject('web'));
    stream.bookmark('100', true);
    await eventually(() => observer.deployment(web).view);

    ours.shift();
    observer.forget(web);
    const after = observer.deployment(web);
    stream.send('DELETED', deploymentObject('web', { resourceVersion: '101' }));
    stream.send('ADDED', deploymentObject('api', { resourceVersion: '102' }));
    await eventually(() => hints.includes('api/prod'));

    expect(after).toEqual({ view: undefined, live: false });
    expect(hints).toEqual(['web/prod', 'api/prod']);
  });

  test('without any right to watch, nothing is live', async () => {
    const { server, observer } = await createWorld({
      refuse: forbid(DEPLOYMENTS, '/apis/apps/v1/namespaces/prod/deployments'),
    });
    observer.start();

    await eventually(() => {
      observer.deployment(web);
      return server.api.asked.length === 2;
    });

    expect(observer.deployment(web)).toEqual({ view: undefined, live: false });
  });

  test('ten thousand Deployments of others are not kept', async () => {
    const { server, observer, hints } = await createWorld();
    observer.start();
    const stream = await server.watch(DEPLOYMENTS);

    for (let index = 0; index < 10_000; index += 1) stream.send('ADDED', deploymentObject(`other-${index}`));
    stream.send('ADDED', deploymentObject('web'));
    stream.bookmark('100', true);
    await eventually(() => observer.deployment(web).live);

    expect(hints).toEqual(['web/prod']);
    expect(observer.deployment({ service: 'other-1', namespace: 'prod' })).toEqual({ view: undefined, live: false });
  });
});

describe('rollouts', () => {
  test('two watches serve every rollout of a namespace, and hints wait for the whole picture', async () => {
    const { server, observer, hints } = await createWorld({ ours: ['web', 'api'] });

    observer.follow('web_prod', 'prod');
    observer.follow('api_prod', 'prod');
    const replicaSets = await server.watch(REPLICA_SETS);
    const pods = await server.watch(PODS);
    pods.send('ADDED', podObject('web', '5d4', 'a'));
    pods.send('ADDED', podObject('api', '7f7', 'a'));
    pods.send('ADDED', podObject('other', '1', 'a'));
    pods.bookmark('1', true);
    replicaSets.send('ADDED', replicaSetObject('web', '5d4'));
    const half = observer.rollout('prod', 'uid-prod-web').synced;
    replicaSets.bookmark('1', true);
    await eventually(() => observer.rollout('prod', 'uid-prod-web').synced);

    const { replicaSets: known, pods: knownPods, unreadable } = observer.rollout('prod', 'uid-prod-web');
    expect(half).toBe(false);
    expect(known.map((view) => view.name)).toEqual(['web-5d4']);
    expect(knownPods.map((view) => view.name)).toEqual(['web-5d4-a']);
    expect(unreadable).toEqual([]);
    expect(hints.toSorted()).toEqual(['api/prod', 'web/prod', 'web/prod']);
    expect(server.watches).toHaveLength(2);
  });

  test('each change of a pod is a hint about its Deployment', async () => {
    const { server, observer, hints } = await createWorld();
    observer.follow('web_prod', 'prod');
    const pods = await server.watch(PODS);
    pods.bookmark('1', true);

    pods.send('ADDED', podObject('web', '5d4', 'a'));
    pods.send('MODIFIED', podObject('web', '5d4', 'a'));
    pods.send('DELETED', podObject('web', '5d4', 'a'));

    await eventually(() => hints.length === 3);
    expect(hints).toEqual(['web/prod', 'web/prod', 'web/prod']);
  });

  test('a pod that went while the picture was incomplete is a hint, though that picture was never completed', async () => {
    const { server, observer, hints } = await createWorld();
    observer.follow('web_prod', 'prod');
    const first = await server.watch(PODS);
    first.send('ADDED', podObject('web', '5d4', 'a'));
    first.send('DELETED', podObject('web', '5d4', 'a'));
    first.end();

    const second = await eventually(() => server.watches.filter(({ asked }) => asked.path === PODS)[1]);
    second.bookmark('2', true);

    await eventually(() => hints.includes('web/prod'));
  });

  test('a pod that has lost its owner is not one of the rollout any more', async () => {
    const { server, observer, hints } = await createWorld();
    observer.follow('web_prod', 'prod');
    const replicaSets = await server.watch(REPLICA_SETS);
    replicaSets.send('ADDED', replicaSetObject('web', '5d4'));
    replicaSets.bookmark('1', true);
    const pods = await server.watch(PODS);
    const pod = podObject('web', '5d4', 'a');
    pods.send('ADDED', pod);
    pods.bookmark('1', true);
    await eventually(() => observer.rollout('prod', 'uid-prod-web').pods.length === 1);
    const before = hints.length;

    pods.send('MODIFIED', { ...pod, metadata: { ...pod.metadata, ownerReferences: [] } });

    await eventually(() => hints.length > before);
    expect(observer.rollout('prod', 'uid-prod-web').pods).toEqual([]);
  });

  test('the watches linger half a minute for the next rollout, then end', async () => {
    const clock = createManualClock();
    const { server, observer } = await createWorld({ clock });
    observer.follow('web_prod', 'prod');
    await server.watch(1);

    observer.release('web_prod');
    clock.advance(29_000);
    observer.follow('web_prod', 'prod');
    clock.advance(5_000);
    const during = server.openWatches;
    observer.release('web_prod');
    clock.advance(30_001);
    await eventually(() => server.openWatches === 0);

    expect(during).toBe(2);
    expect(server.watches).toHaveLength(2);
    expect(observer.rollout('prod', 'uid-prod-web').synced).toBe(false);
  });

  test('a service that became ours within a followed namespace is seen whole', async () => {
    const ours = ['api'];
    const { server, observer } = await createWorld({ ours });
    observer.follow('api_prod', 'prod');
    const first = await server.watch(PODS);
    first.send('ADDED', podObject('web', '5d4', 'a'));
    first.bookmark('1', true);
    const replicaSets = await server.watch(REPLICA_SETS);
    replicaSets.send('ADDED', replicaSetObject('web', '5d4'));
    replicaSets.bookmark('1', true);
    await eventually(() => observer.rollout('prod', 'uid-prod-web').synced);

    ours.push('web');
    observer.follow('web_prod', 'prod');
    await server.watch(3);
    const second = await server.watch(REPLICA_SETS);
    second.send('ADDED', replicaSetObject('web', '5d4'));
    second.bookmark('1', true);
    (await server.watch(PODS)).bookmark('1', true);
    await eventually(() => observer.rollout('prod', 'uid-prod-web').synced);

    expect(observer.rollout('prod', 'uid-prod-web').replicaSets).toHaveLength(1);
    await eventually(() => server.openWatches === 2);
  });

  test('services that become ours one after the other begin the watches anew once a second at most', async () => {
    const clock = createManualClock();
    const ours = ['api'];
    const { server, cluster, observer } = await createWorld({ ours, clock });
    observer.follow('api_prod', 'prod');
    (await server.watch(PODS)).bookmark('1', true);
    const replicaSets = await server.watch(REPLICA_SETS);
    for (const name of ['web', 'shop']) replicaSets.send('ADDED', replicaSetObject(name, '5d4'));
    replicaSets.bookmark('1', true);
    await eventually(() => observer.rollout('prod', 'uid-prod-api').synced);

    ours.push('web', 'shop');
    observer.follow('web_prod', 'prod');
    observer.follow('shop_prod', 'prod');
    // A watch asked for before this is there after it.
    await cluster.readNamespace('prod').catch(() => undefined);
    const atOnce = server.watches.length;
    const isSynced = observer.rollout('prod', 'uid-prod-web').synced;
    clock.advance(1_000);
    await server.watch(3);

    expect(atOnce).toBe(2);
    expect(isSynced).toBe(false);
  });

  test('what was seen of one service is not forgotten while another one is looked for', async () => {
    const ours = ['api'];
    const { server, observer } = await createWorld({ ours });
    observer.follow('api_prod', 'prod');
    const pods = await server.watch(PODS);
    pods.send('ADDED', podObject('web', '5d4', 'a'));
    pods.bookmark('1', true);
    const replicaSets = await server.watch(REPLICA_SETS);
    replicaSets.send('ADDED', replicaSetObject('api', '7c9'));
    replicaSets.bookmark('1', true);
    await eventually(() => observer.rollout('prod', 'uid-prod-api').synced);

    ours.push('web');
    observer.follow('web_prod', 'prod');

    expect(observer.rollout('prod', 'uid-prod-api')).toMatchObject({
      synced: true,
      replicaSets: [{ name: 'api-7c9' }],
    });
    expect(observer.rollout('prod', 'uid-prod-web')).toMatchObject({ synced: false });
  });

  test('a missing right is named and does not hold up the rest', async () => {
    const { server, observer } = await createWorld({ refuse: forbid(PODS) });
    observer.follow('web_prod', 'prod');
    const replicaSets = await server.watch(REPLICA_SETS);
    replicaSets.send('ADDED', replicaSetObject('web', '5d4'));
    replicaSets.bookmark('1', true);

    await eventually(() => observer.rollout('prod', 'uid-prod-web').synced);

    expect(observer.rollout('prod', 'uid-prod-web')).toMatchObject({
      replicaSets: [{ name: 'web-5d4' }],
      pods: [],
      unreadable: ['list pods in prod'],
    });
  });

  test('a right that is granted during a rollout is used within half a minute', async () => {
    const clock = createManualClock();
    const { server, observer } = await createWorld({ clock, refuse: forbid(PODS) });
    observer.follow('web_prod', 'prod');
    const replicaSets = await server.watch(REPLICA_SETS);
    replicaSets.send('ADDED', replicaSetObject('web', '5d4'));
    replicaSets.bookmark('1', true);
    await eventually(() => observer.rollout('prod', 'uid-prod-web').unreadable.length === 1);

    server.refuse = () => false;
    clock.advance(30_001);
    const pods = await server.watch(PODS);
    pods.bookmark('2', true);

    await eventually(() => observer.rollout('prod', 'uid-prod-web').unreadable.length === 0);
  });
});

test('a server that one watch found away has every watch start over: its data may have been restored from a backup', async () => {
  const { server, observer } = await createWorld();
  observer.follow('web_prod', 'prod');
  const [replicaSets, pods] = [await server.watch(REPLICA_SETS), await server.watch(PODS)];
  replicaSets.bookmark('900', true);
  pods.bookmark('900', true);
  await eventually(() => observer.rollout('prod', 'uid-prod-web').synced);
  let refused = 0;
  server.refuse = ({ path }, response) => {
    if (path !== PODS || refused > 0) return false;
    refused += 1;
    response.destroy();
    return true;
  };

  pods.cut();
  await eventually(() => refused === 1);
  replicaSets.end();
  await eventually(() => !replicaSets.isOpen);

  expect((await server.watch(REPLICA_SETS)).asked.query.has('resourceVersion')).toBe(false);
  expect((await server.watch(PODS)).asked.query.has('resourceVersion')).toBe(false);
});

describe('reach', () => {
  test('an outage and its end are told once each, and the watches return at once', async () => {
    const clock = createManualClock();
    const { server, cluster, observer, states } = await createWorld({ clock });
    observer.start();
    (await server.watch(0)).bookmark('1', true);
    await eventually(() => observer.deployment(web).live);
    server.refuse = (_, response) => {
      sendStatus(response, 503, 'ServiceUnavailable', 'down');
      return true;
    };

    for (let call = 0; call < 10; call += 1) {
      await cluster.readNamespace('prod').catch(() => {});
      clock.advance(1_000);
    }
    server.watches[0]?.cut();
    await eventually(() => !observer.deployment(web).live);
    clock.advance(300);
    await eventually(() => server.api.asked.filter(({ path }) => path === '/apis/apps/v1/deployments').length === 2);
    server.refuse = () => false;
    await cluster.readNamespace('prod').catch(() => {});
    await server.watch(1);

    expect(states.map((state) => state.reachable)).toEqual([false, true]);
    expect(states[0]?.message).toContain('503');
  });

  test('refusals and single failures are not an outage', async () => {
    const clock = createManualClock();
    const { server, cluster, observer, states } = await createWorld({ clock });
    observer.start();
    (await server.watch(0)).bookmark('1', true);
    await eventually(() => observer.deployment(web).live);
    let calls = 0;
    server.refuse = (asked, response) => {
      if (asked.path !== '/api/v1/namespaces/prod') return false;
      calls += 1;
      sendStatus(response, calls % 3 === 0 ? 404 : 503, 'Whatever', 'no');
      return true;
    };

    for (let call = 0; call < 8; call += 1) {
      await cluster.readNamespace('prod').catch(() => {});
      clock.advance(10_000);
    }

    expect(states).toEqual([]);
  });
});

test('stopping leaves no watch, no timer and no connection', async () => {
  const clock = createManualClock();
  const { server, cluster, observer } = await createWorld({ clock });
  observer.start();
  observer.follow('web_prod', 'prod');
  await server.watch(2);

  await observer.stop();
  await observer.stop();
  await cluster.close();

  await eventually(() => server.api.connected.now === 0);
  expect(clock.waits).toEqual([]);
});
