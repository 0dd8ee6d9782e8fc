import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createWorkQueue } from '../../src/queue/work-queue.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createPassTheatre } from '../support/pass-theatre.ts';

describe('coalescing', () => {
  test('a thousand saves while a key waits are one pass', async () => {
    const stage = createPassTheatre({ concurrency: 1 });
    await stage.add('busy');

    await stage.add(...Array<string>(1_000).fill('web'));

    expect(stage.queue.depth).toBe(1);
    await stage.end('busy');
    await stage.end('web');
    expect(stage.begun).toEqual(['busy', 'web']);
  });

  test('a second save during a pass runs once more afterwards, and only once', async () => {
    const stage = createPassTheatre();
    await stage.add('web');

    await stage.add('web', 'web', 'web');
    expect(stage.begun).toEqual(['web']);
    await stage.end('web');
    expect(stage.begun).toEqual(['web', 'web']);
    await stage.end('web');

    expect(stage.begun).toEqual(['web', 'web']);
  });

  test('a save during the extra pass counts again', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    await stage.add('web');
    await stage.end('web');

    await stage.add('web');
    await stage.end('web');

    expect(stage.begun).toHaveLength(3);
  });

  test('a pass that is planned is not run twice when a hint comes first', async () => {
    const stage = createPassTheatre();
    stage.queue.addAfter(stage.key('web'), 5_000);

    await stage.add('web');
    await stage.end('web');
    await stage.pass(10_000);

    expect(stage.begun).toEqual(['web']);
  });
});

describe('slots', () => {
  test('of 100 one busy key takes one', async () => {
    const stage = createPassTheatre({ concurrency: 100 });
    const others = Array.from({ length: 99 }, (_, index) => `other-${index}`);
    await stage.add(...Array<string>(199).fill('busy'));

    await stage.add(...others);

    expect(stage.queue.running).toBe(100);
    expect(stage.queue.depth).toBe(0);
    expect(new Set(stage.begun)).toEqual(new Set(['busy', ...others]));
  });

  test('are never more than asked for, and waiting keys take them in order', async () => {
    const stage = createPassTheatre({ concurrency: 2 });

    await stage.add('one', 'two', 'three', 'four', 'five');
    expect(stage.begun).toEqual(['one', 'two']);
    expect(stage.queue.depth).toBe(3);
    await stage.end('two');
    await stage.end('one');
    await stage.end('three');

    expect(stage.begun).toEqual(['one', 'two', 'three', 'four', 'five']);
    expect(stage.most.together).toBe(2);
  });

  test('are not held by what waits for time', async () => {
    const stage = createPassTheatre({ concurrency: 1 });
    await stage.add('slow');
    await stage.end('slow', { lookAgainInMs: 240_000 });

    await stage.add('web');

    expect(stage.begun).toEqual(['slow', 'web']);
  });

  test('a key that asks again and again lets the others go first', async () => {
    const stage = createPassTheatre({ concurrency: 1 });
    await stage.add('busy', 'web');
    await stage.add('busy');

    await stage.end('busy');

    expect(stage.begun).toEqual(['busy', 'web']);
  });
});

test('passes of one key never run together, whatever asks for them', async () => {
  const stage = createPassTheatre({ concurrency: 3 });

  for (let round = 0; round < 200; round += 1) {
    const name = `key-${round % 3}`;
    if (round % 5 === 0) stage.queue.addAfter(stage.key(name), round % 7);
    await stage.add(name);
    await stage.pass(1);
    if (round % 2 === 1) await stage.end(stage.begun.at(-1) ?? '').catch(() => undefined);
  }

  expect(stage.begun.length).toBeGreaterThan(50);
  expect(stage.most.perKey).toBe(1);
});

describe('plans', () => {
  test('a pass that says when to look again gets its pass then', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    await stage.end('web', { lookAgainInMs: 2_000 });

    await stage.pass(1_999);
    expect(stage.begun).toHaveLength(1);
    await stage.pass(1);

    expect(stage.begun).toHaveLength(2);
  });

  test('of two plans the earlier one counts, whichever came first', async () => {
    for (const delays of [
      [5_000, 1_000],
      [1_000, 5_000],
    ]) {
      const stage = createPassTheatre();
      for (const ms of delays) stage.queue.addAfter(stage.key('web'), ms);

      expect(stage.clock.waits).toEqual([1_000]);
      await stage.pass(1_000);
      await stage.end('web');
      await stage.pass(60_000);

      expect(stage.begun).toEqual(['web']);
    }
  });

  test('one made during a pass is kept when the pass plans a later one', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    stage.queue.addAfter(stage.key('web'), 1_000);

    await stage.end('web', { lookAgainInMs: 30_000 });
    await stage.pass(1_000);

    expect(stage.begun).toHaveLength(2);
  });

  test('one that falls due during a pass runs once more afterwards', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    stage.queue.addAfter(stage.key('web'), 1_000);

    await stage.pass(1_000);
    expect(stage.begun).toHaveLength(1);
    await stage.end('web');

    expect(stage.begun).toHaveLength(2);
  });

  test('for a key that waits for a slot adds nothing', async () => {
    const stage = createPassTheatre({ concurrency: 1 });
    await stage.add('busy', 'web');

    stage.queue.addAfter(stage.key('web'), 10);

    expect(stage.clock.waits).toEqual([]);
  });

  test('a hint goes before a later plan and replaces it', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    await stage.end('web', { lookAgainInMs: 30_000 });

    await stage.add('web');
    await stage.end('web');

    expect(stage.begun).toHaveLength(2);
    expect(stage.clock.waits).toEqual([]);
  });
});

describe('failures', () => {
  test('bring a key back with growing delays, and a good pass forgets them', async () => {
    const stage = createPassTheatre();
    const delays: (number | undefined)[] = [];
    await stage.add('web');

    for (const result of [
      { failed: true },
      { failed: true },
      { failed: true },
      { lookAgainInMs: 7 },
      { failed: true },
    ]) {
      await stage.end('web', result);
      const [wait] = stage.clock.waits;
      delays.push(wait);
      await stage.pass(wait ?? 0);
    }

    expect(delays).toEqual([250, 500, 1_000, 7, 250]);
  });

  test('wait at least as long as the server asked for', async () => {
    const stage = createPassTheatre();
    await stage.add('web');

    await stage.end('web', { failed: true, lookAgainInMs: 17_000 });

    expect(stage.clock.waits).toEqual([17_000]);
  });

  test('that outlast the server’s wish wait longer', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    for (const wait of [250, 500, 1_000]) {
      await stage.end('web', { failed: true });
      await stage.pass(wait);
    }

    await stage.end('web', { failed: true, lookAgainInMs: 1_000 });

    expect(stage.clock.waits).toEqual([2_000]);
  });

  test('that the server asked for are not shortened by a hint', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    await stage.end('web', { failed: true, lookAgainInMs: 17_000 });

    await stage.add('web');

    expect(stage.clock.waits).toEqual([17_000]);
  });

  test('wait for the first delay only when a hint came during the pass, this once, and still count', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    for (const wait of [250, 500]) {
      await stage.end('web', { failed: true });
      await stage.pass(wait);
    }

    await stage.add('web', 'web');
    await stage.end('web', { failed: true });
    expect(stage.begun).toHaveLength(3);
    expect(stage.clock.waits).toEqual([250]);
    await stage.pass(250);
    await stage.end('web', { failed: true });

    expect(stage.clock.waits).toEqual([2_000]);
  });

  test('that the server asked for are not shortened by a hint that came during the pass', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    await stage.add('web');

    await stage.end('web', { failed: true, lookAgainInMs: 17_000 });

    expect(stage.clock.waits).toEqual([17_000]);
  });

  test('are cut short by a hint that comes afterwards, and still count', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    await stage.end('web', { failed: true });

    await stage.add('web');
    await stage.end('web', { failed: true });

    expect(stage.begun).toHaveLength(2);
    expect(stage.clock.waits).toEqual([500]);
  });

  test('of one key leave the others alone', async () => {
    const stage = createPassTheatre();
    await stage.add('broken', 'web');

    await stage.end('broken', new Error('a bug'));
    await stage.add('web');
    await stage.end('web');

    expect(stage.begun).toEqual(['broken', 'web', 'web']);
  });

  test('an error in a pass is handed over and counts as a failure', async () => {
    const stage = createPassTheatre();
    const error = new Error('a bug');
    await stage.add('web');

    await stage.end('web', error);

    expect(stage.errors).toEqual([error]);
    expect(stage.clock.waits).toEqual([250]);
  });

  test('an error thrown before the pass returned its promise is no different', async () => {
    const errors: unknown[] = [];
    const clock = createManualClock();
    const queue = createWorkQueue({
      concurrency: 1,
      clock,
      random: () => 0,
      onError: (_key, error) => errors.push(error),
      run: () => {
        throw new Error('at once');
      },
    });

    queue.add(createPassTheatre().key('web'));
    await turnOfTheLoop();

    expect(errors).toEqual([new Error('at once')]);
    expect(clock.waits).toEqual([250]);
  });
});

describe('close', () => {
  test('waits for running passes and for nothing else', async () => {
    const stage = createPassTheatre({ concurrency: 1 });
    await stage.add('running', 'waiting');
    stage.queue.addAfter(stage.key('planned'), 1_000);
    let closed = false;

    const closing = stage.queue.close().then(() => {
      closed = true;
    });
    await stage.pass(60_000);
    expect(closed).toBe(false);
    await stage.end('running', { lookAgainInMs: 5 });
    await closing;
    await stage.pass(60_000);

    expect(stage.begun).toEqual(['running']);
    expect(stage.clock.waits).toEqual([]);
  });

  test('refuses new keys and can be asked twice', async () => {
    const stage = createPassTheatre();
    await Promise.all([stage.queue.close(), stage.queue.close()]);

    await stage.add('web');
    stage.queue.addAfter(stage.key('web'), 1);
    await stage.pass(10);
    await stage.queue.close();

    expect(stage.begun).toEqual([]);
    expect(stage.queue.depth).toBe(0);
  });

  test('leaves no plan behind when the last pass fails', async () => {
    const stage = createPassTheatre();
    await stage.add('web');
    const closing = stage.queue.close();

    await stage.end('web', new Error('a bug'));
    await closing;

    expect(stage.clock.waits).toEqual([]);
    expect(stage.errors).toHaveLength(1);
  });
});
