import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { ServerTraits } from '../../src/cluster/collection-feed.ts';
import { type Connection, createConnection } from '../../src/cluster/connection.ts';
import { startWatch, type Watch, type WatchStatus } from '../../src/cluster/watch.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { sendStatus } from './api-server.ts';
import { deploymentObject } from './objects.ts';
import { startWatchServer, type WatchServer } from './watch-server.ts';

const COLLECTION = '/apis/apps/v1/deployments';
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface World {
  readonly server: WatchServer;
  readonly connection: Connection;
  readonly watch: Watch;
  readonly told: string[];
  readonly statuses: WatchStatus[];
  readonly errors: unknown[];
  /** What the sink does with each object beside telling it. */
  onObject: () => void;
}

async function createWorld(
  options: { clock?: Clock; traits?: ServerTraits; poll?: boolean; refuse?: WatchServer['refuse'] } = {},
): Promise<World> {
  const server = await startWatchServer();
  if (options.refuse !== undefined) server.refuse = options.refuse;
  const clock = options.clock ?? systemClock;
  const connection = createConnection(
    {
      contextName: 'test',
      cluster: { name: 'test', server: server.api.url, skipTlsVerify: true },
      user: { name: 'test' },
    },
    { userAgent: 'test', pluginEnv: {} },
    clock,
  );
  const told: string[] = [];
  const statuses: WatchStatus[] = [];
  const errors: unknown[] = [];
  const watch = startWatch({
    connection,
    clock,
    collection: COLLECTION,
    server: options.traits ?? { streamsLists: true, outages: 0 },
    pollWhenUnwatchable: options.poll ?? false,
    onStatus: (status) => statuses.push(status),
    onError: (error) => errors.push(error),
    sink: {
      onReset: () => told.push('reset'),
      onObject: (type, object) => {
        told.push(`${type} ${nameOf(object)}`);
        world.onObject();
      },
      onSynced: () => told.push('synced'),
    },
  });
  cleanups.push(
    () => server.api.stop(),
    () => connection.close(),
    () => watch.stop(),
  );
  const world: World = { server, connection, watch, told, statuses, errors, onObject: () => {} };
  return world;
}

function nameOf(object: unknown): string {
  return String(Reflect.get(Object(Reflect.get(Object(object), 'metadata')), 'name'));
}

describe('the initial picture', () => {
  test('comes within the watch, in one request, and the watch is live when it is complete', async () => {
    const { server, watch, told } = await createWorld();
    const stream = await server.watch(0);

    stream.send('ADDED', deploymentObject('web'));
    await eventually(() => told.length === 2);
    const before = watch.status;
    stream.bookmark('100', true);
    await eventually(() => watch.status === 'live');

    expect(before).toBe('starting');
    expect(told).toEqual(['reset', 'ADDED web', 'synced']);
    expect(server.api.asked).toHaveLength(1);
    expect(Object.fromEntries(stream.asked.query)).toMatchObject({
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    expect(Number(stream.asked.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(240);
  });

  test('is listed where the server refuses to stream it, also by later watches', async () => {
    const traits = { streamsLists: true, outages: 0 };
    const { server, watch, told } = await createWorld({
      traits,
      refuse: (asked, response) => {
        if (!asked.query.has('sendInitialEvents')) return false;
        sendStatus(response, 422, 'Invalid', 'sendInitialEvents: Forbidden', {
          causes: [{ field: 'sendInitialEvents' }],
        });
        return true;
      },
    });
    server.items = [deploymentObject('web')];

    await eventually(() => watch.status === 'live');

    expect(told.slice(-3)).toEqual(['reset', 'ADDED web', 'synced']);
    expect((await server.watch(0)).asked.query.get('resourceVersion')).toBe('50');
    expect(traits.streamsLists).toBe(false);
  });

  test('is listed where the server sends ordinary bookmarks instead of the end of the list', async () => {
    const { server, watch } = await createWorld();

    (await server.watch(0)).bookmark('100');
    await eventually(() => watch.status === 'live');

    expect(server.lists).toBe(1);
    expect(server.openWatches).toBe(1);
  });

  test('is listed page by page', async () => {
    const { server, watch, told } = await createWorld({
      traits: { streamsLists: false, outages: 0 },
      refuse: (asked, response) => {
        if (asked.query.has('watch')) return false;
        const more = asked.query.get('continue') === null;
        const metadata = more ? { resourceVersion: '7', continue: 'next' } : { resourceVersion: '7' };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ metadata, items: [deploymentObject(more ? 'one' : 'two')] }));
        return true;
      },
    });

    await eventually(() => watch.status === 'live');

    expect(told).toEqual(['reset', 'ADDED one', 'ADDED two', 'synced']);
    expect((await server.watch(0)).asked.query.get('resourceVersion')).toBe('7');
  });
});

describe('what breaks', () => {
  test('a stream that ends is resumed where it broke off', async () => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('100', true);
    first.send('MODIFIED', deploymentObject('web', { resourceVersion: '120' }));
    await eventually(() => told.includes('MODIFIED web'));

    first.end();

    expect((await server.watch(1)).asked.query.get('resourceVersion')).toBe('120');
    expect(told.filter((line) => line === 'reset')).toHaveLength(1);
  });

  test('a stream that ends is not resumed where the data has become older: it was restored from a backup', async () => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('120', true);
    await eventually(() => told.includes('synced'));
    server.version = 119;

    first.end();

    expect((await server.watch(1)).asked.query.has('resourceVersion')).toBe(false);
    expect(told.filter((line) => line === 'reset')).toHaveLength(2);
  });

  test('an opening that is never answered is told as a failure to reach the server', async () => {
    const clock = createManualClock();
    const { server, connection } = await createWorld({ clock, refuse: () => true });
    const kinds: unknown[] = [];
    connection.subscribe(({ error }) => kinds.push(error?.kind));
    await eventually(() => server.api.asked.length === 1);

    clock.advance(10_000);

    await eventually(() => kinds.length === 1);
    expect(kinds).toEqual(['unreachable']);
  });

  test('a stream that ends is resumed as well where only watching is allowed', async () => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('120', true);
    await eventually(() => told.includes('synced'));
    server.refuse = (asked, response) => {
      if (asked.query.has('watch')) return false;
      sendStatus(response, 403, 'Forbidden', 'may not list');
      return true;
    };

    first.end();

    expect((await server.watch(1)).asked.query.get('resourceVersion')).toBe('120');
  });

  test.each([
    {
      what: 'an outage',
      refuse: (response: ServerResponse) => sendStatus(response, 503, 'ServiceUnavailable', 'down'),
    },
    { what: 'a reset connection', refuse: (response: ServerResponse) => void response.destroy() },
  ])('$what after a stream starts over: the data may have been restored from a backup', async ({ refuse }) => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('100', true);
    await eventually(() => told.includes('synced'));
    let refused = 0;
    server.refuse = (_, response) => {
      refused += 1;
      if (refused === 1) refuse(response);
      return refused === 1;
    };

    first.cut();
    const second = await server.watch(1);

    expect(second.asked.query.has('resourceVersion')).toBe(false);
  });

  test('a server with too much to do is not asked for everything again', async () => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('100', true);
    await eventually(() => told.includes('synced'));
    let refused = 0;
    server.refuse = (_, response) => {
      refused += 1;
      if (refused === 1) sendStatus(response, 429, 'TooManyRequests', 'too many requests');
      return refused === 1;
    };

    first.cut();
    const second = await server.watch(1);

    expect(second.asked.query.get('resourceVersion')).toBe('100');
  });

  test('a bookmark alone moves the place to resume from', async () => {
    const { server } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('100', true);
    first.bookmark('900');

    first.end();

    expect((await server.watch(1)).asked.query.get('resourceVersion')).toBe('900');
  });

  test('a stream cut within the initial picture starts over', async () => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.send('ADDED', deploymentObject('web', { resourceVersion: '77' }));
    await eventually(() => told.includes('ADDED web'));

    first.cut();

    expect((await server.watch(1)).asked.query.has('resourceVersion')).toBe(false);
    expect(told.filter((line) => line === 'reset')).toHaveLength(2);
  });

  test.each([
    {
      what: '410 as an answer',
      refuse: (server: WatchServer) => {
        server.refuse = (asked, response) => {
          if (asked.query.get('resourceVersion') !== '100') return false;
          sendStatus(response, 410, 'Expired', 'too old resource version');
          return true;
        };
      },
      error: undefined,
    },
    {
      what: '410 as an event',
      refuse: () => {},
      error: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' },
    },
  ])('$what starts over', async ({ refuse, error }) => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('100', true);
    await eventually(() => told.includes('synced'));
    refuse(server);

    if (error === undefined) first.cut();
    else first.send('ERROR', error);
    const second = await server.watch(1);
    second.bookmark('200', true);
    await eventually(() => told.filter((line) => line === 'synced').length === 2);

    expect(second.asked.query.has('resourceVersion')).toBe(false);
  });

  test('a line that is not JSON starts over, and what follows it is not believed', async () => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('100', true);
    await eventually(() => told.includes('synced'));

    first.raw(`{"type":"MODIF\n${JSON.stringify({ type: 'DELETED', object: deploymentObject('web') })}\n`);
    const second = await server.watch(1);

    expect(second.asked.query.has('resourceVersion')).toBe(false);
    expect(told).not.toContain('DELETED web');
  });

  test('a stream that ends in the middle of a line starts over', async () => {
    const { server, told } = await createWorld();
    const first = await server.watch(0);
    first.bookmark('100', true);
    await eventually(() => told.includes('synced'));

    first.raw('{"type":"MODIFIED","object":{"metadata":{"name":"we');
    first.end();

    expect((await server.watch(1)).asked.query.has('resourceVersion')).toBe(false);
  });

  test.each([
    { what: 'streamed', streamsLists: true },
    { what: 'listed', streamsLists: false },
  ])('a mistake of ours with a $what object is told as one, and the watch starts over', async ({ streamsLists }) => {
    const mistake = new TypeError('x is not a function');
    const world = await createWorld({ traits: { streamsLists, outages: 0 } });
    const { server, told, errors } = world;
    server.items = [deploymentObject('web')];
    world.onObject = () => {
      world.onObject = () => {};
      throw mistake;
    };

    if (streamsLists) (await server.watch(0)).send('ADDED', deploymentObject('web'));
    await eventually(() => errors.length === 1);
    if (streamsLists) {
      const next = await server.watch(1);
      next.send('ADDED', deploymentObject('web'));
      next.bookmark('100', true);
    }
    await eventually(() => world.watch.status === 'live');

    expect(errors).toEqual([mistake]);
    expect(told).toEqual(['reset', 'ADDED web', 'reset', 'ADDED web', 'synced']);
  });

  test('an event torn into bytes is put together again', async () => {
    const { server, told } = await createWorld();
    const stream = await server.watch(0);
    const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'wäb-🚀' } } })}\n`);

    for (const byte of line) stream.raw(Uint8Array.of(byte));
    stream.bookmark('1', true);
    await eventually(() => told.includes('synced'));

    expect(told[1]).toBe('ADDED wäb-🚀');
  });

  test('a server that cuts every stream at once is not asked in a loop', async () => {
    const clock = createManualClock();
    const { server } = await createWorld({ clock });

    for (let step = 0; step < 80; step += 1) {
      // The clock stands while a stream opens and breaks.
      await eventually(() => clock.waits.length > 0);
      for (const watch of server.watches) if (watch.isOpen) watch.cut();
      await eventually(() => server.openWatches === 0);
      clock.advance(250);
    }

    // 20 s: a few quick ones, then one every 1 to 2 s.
    expect(server.watches.length).toBeLessThan(25);
  });

  test('a stream that falls silent is cut after 90 s and started over', async () => {
    const clock = createManualClock();
    const { server, watch } = await createWorld({ clock });
    const first = await server.watch(0);
    first.bookmark('100', true);
    await eventually(() => watch.status === 'live');

    clock.advance(89_000);
    const before = first.isOpen;
    clock.advance(1_001);
    await eventually(() => !first.isOpen);
    await eventually(() => watch.status === 'down');
    clock.advance(1_000);
    const second = await server.watch(1);

    expect(before).toBe(true);
    expect(second.asked.query.has('resourceVersion')).toBe(false);
  });

  test('bookmarks keep a quiet stream open', async () => {
    const clock = createManualClock();
    const { server, watch } = await createWorld({ clock });
    const stream = await server.watch(0);
    stream.bookmark('100', true);
    await eventually(() => watch.status === 'live');

    for (let minute = 1; minute <= 5; minute += 1) {
      clock.advance(60_000);
      stream.bookmark(String(100 + minute));
      // Round trip over another connection: the bookmark has surely arrived.
      await fetch(`${server.api.url}/version`).then((answer) => answer.text());
    }

    expect(stream.isOpen).toBe(true);
    expect(server.watches).toHaveLength(1);
  });

  test('a server that is down is asked ever more rarely', async () => {
    const clock = createManualClock();
    let refused = 0;
    await createWorld({
      clock,
      refuse: (_, response) => {
        refused += 1;
        sendStatus(response, 503, 'ServiceUnavailable', 'down');
        return true;
      },
    });

    for (let second = 0; second < 120; second += 1) {
      const before = refused;
      await eventually(() => clock.waits.length > 0 && clock.waits.every((ms) => ms <= 10_000));
      clock.advance(1000);
      if (refused > before) await eventually(() => clock.waits.length > 0);
    }

    expect(refused).toBeGreaterThan(5);
    expect(refused).toBeLessThan(40);
  });
});

describe('rights', () => {
  test('without the right to watch, listing keeps the picture fresh', async () => {
    const clock = createManualClock();
    const { server, watch, told } = await createWorld({
      clock,
      poll: true,
      refuse: (asked, response) => {
        if (!asked.query.has('watch')) return false;
        sendStatus(response, 403, 'Forbidden', 'cannot watch');
        return true;
      },
    });

    await eventually(() => watch.status === 'polling');
    server.items = [deploymentObject('web')];
    clock.advance(5_000);
    await eventually(() => told.includes('ADDED web'));

    expect(watch.current).toBe(true);
    expect(server.api.asked.filter((asked) => asked.query.has('watch'))).toHaveLength(1);
  });

  test('without any right the watch says so and asks again after minutes', async () => {
    const clock = createManualClock();
    const { server, watch } = await createWorld({
      clock,
      poll: true,
      refuse: (_, response) => {
        sendStatus(response, 403, 'Forbidden', 'cannot');
        return true;
      },
    });

    await eventually(() => watch.status === 'forbidden');
    clock.advance(4 * 60_000);
    const before = server.api.asked.length;
    server.refuse = () => false;
    clock.advance(60_001);
    (await server.watch(0)).bookmark('1', true);
    await eventually(() => watch.status === 'live');

    expect(before).toBe(2);
  });
});

describe('stopping', () => {
  test('ends an open stream', async () => {
    const { server, watch } = await createWorld();
    const stream = await server.watch(0);

    await watch.stop();
    await watch.stop();

    await eventually(() => !stream.isOpen);
    expect(server.watches).toHaveLength(1);
  });

  test('during a wait leaves nothing that connects later', async () => {
    const clock = createManualClock();
    const { server, watch, connection } = await createWorld({
      clock,
      refuse: (_, response) => {
        sendStatus(response, 500, 'InternalError', 'no');
        return true;
      },
    });
    await eventually(() => watch.status === 'down');

    await watch.stop();
    const asked = server.api.asked.length;
    clock.advance(600_000);
    await connection.close();

    expect(server.api.asked).toHaveLength(asked);
    expect(clock.waits).toEqual([]);
    await eventually(() => server.api.connected.now === 0);
  });

  test('while the server has not answered yet ends at once', async () => {
    const { server, watch } = await createWorld({ refuse: () => true });
    await eventually(() => server.api.asked.length === 1);

    await watch.stop();

    expect(watch.status).toBe('starting');
  });
});
