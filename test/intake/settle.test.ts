import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDepFile } from '../../src/domain/dep-file.ts';
import { type Settling, type Sighting, settle } from '../../src/intake/settle.ts';

const SETTLE_MS = 100;

/** A file, the writers at work on it and the clock, all in memory. */
interface World {
  inode: number;
  bytes: string;
  bornMs: number;
  mtimeMs: number;
  ctimeMs: number;
  nowMs: number;
  /** How far the clock that stamps the file is off from the monotonic one. */
  skewMs: number;
}

function newWorld(bytes = ''): World {
  return { inode: 1, bytes, bornMs: 0, mtimeMs: 0, ctimeMs: 0, nowMs: 0, skewMs: 1_000_000 };
}

function write(world: World, bytes: string): void {
  world.bytes = bytes;
  world.mtimeMs = world.ctimeMs = world.nowMs + world.skewMs;
}

function arrive(world: World, bytes: string): void {
  world.inode += 1;
  world.bytes = bytes;
  world.bornMs = world.mtimeMs = world.nowMs + world.skewMs - 50;
  world.ctimeMs = world.nowMs + world.skewMs;
}

function create(world: World, bytes: string): void {
  world.inode += 1;
  world.bornMs = world.nowMs + world.skewMs;
  write(world, bytes);
}

function look(world: World, previous: Sighting | undefined): Settling {
  const inode = `${world.inode}:${world.bornMs}`;
  const stamp = {
    inode,
    identity: `${inode}:${world.bytes.length}:${world.mtimeMs}:${world.ctimeMs}`,
    size: world.bytes.length,
    ctimeNs: BigInt(world.ctimeMs) * 1_000_000n,
    mtimeNs: BigInt(world.mtimeMs) * 1_000_000n,
    birthtimeNs: BigInt(world.bornMs) * 1_000_000n,
  };
  return settle({
    previous,
    stamp,
    bytes: world.bytes,
    parsedAs: parseDepFile(Buffer.from(world.bytes, 'latin1')).kind,
    cameWhole: false,
    monotonicMs: world.nowMs,
    settleMs: SETTLE_MS,
  });
}

/** The file as it is after `bytes` was seen and had been left alone. */
function settledOn(world: World, bytes: string): Sighting {
  create(world, bytes);
  const first = look(world, undefined);
  world.nowMs += SETTLE_MS;
  const { sighting } = look(world, first.sighting);
  expect(sighting.settled).toBe(true);
  world.nowMs += 10_000;
  return sighting;
}

describe('at once', () => {
  test('a new file that ends in a newline', () => {
    const world = newWorld();
    create(world, 'v1\n');

    expect(look(world, undefined).sighting.settled).toBe(true);
  });

  test('a file that arrived by rename, without a newline', () => {
    const world = newWorld();
    const before = settledOn(world, 'v1');
    arrive(world, 'v2');

    expect(look(world, before).sighting.settled).toBe(true);
  });

  test('an overwrite that ends in a newline, is of the same length, and ends in another character', () => {
    const world = newWorld();
    const before = settledOn(world, 'v1\n');
    write(world, 'v2\n');

    expect(look(world, before).sighting.settled).toBe(true);
  });

  test('the content that was settled before, touched', () => {
    const world = newWorld();
    const before = settledOn(world, 'v1');
    write(world, 'v1');

    expect(look(world, before).sighting.settled).toBe(true);
  });
});

describe('after quiet', () => {
  test('a new file without a newline', () => {
    const world = newWorld();
    create(world, 'v1');
    const first = look(world, undefined);
    world.nowMs += first.lookAgainInMs;
    const second = look(world, first.sighting);

    expect(first.sighting.settled).toBe(false);
    expect(first.lookAgainInMs).toBe(SETTLE_MS);
    expect(second.sighting.settled).toBe(true);
  });

  test('a mixture of the old and the new content, although it ends in a newline', () => {
    const world = newWorld();
    const before = settledOn(world, 'v1.2.3\n');
    write(world, 'v2.2.3\n');

    expect(look(world, before).sighting.settled).toBe(false);
  });

  test('a mixture with CRLF at its end', () => {
    const world = newWorld();
    const before = settledOn(world, 'v1.2.3\r\n');
    write(world, 'v2.2.3\r\n');

    expect(look(world, before).sighting.settled).toBe(false);
  });

  test('an old file rewritten just before it is seen for the first time', () => {
    const world = newWorld();
    create(world, 'v1.2.3\n');
    world.nowMs += 10_000;
    write(world, 'v2.2.3\n');

    expect(look(world, undefined).sighting.settled).toBe(false);
  });

  test('a rewrite of a rewrite that was not finished', () => {
    const world = newWorld();
    const before = settledOn(world, 'v1\n');
    write(world, 'v1.2.3');
    const between = look(world, before).sighting;
    world.nowMs += 10;
    write(world, 'v2.2.34\n');

    expect(look(world, between).sighting.settled).toBe(false);
  });

  test('malformed content', () => {
    const world = newWorld();
    create(world, 'two words\n');

    expect(look(world, undefined).sighting.settled).toBe(false);
  });

  test.each([
    ['behind', -150],
    ['ahead', 3_600_000],
  ])('a file stamped by a clock that is %s, as on network storage', (_, offMs) => {
    const world = newWorld();
    world.skewMs += offMs;
    create(world, 'v1');
    const first = look(world, undefined);
    world.nowMs += SETTLE_MS - 1;
    const early = look(world, first.sighting);
    world.nowMs += 1;

    expect(first.sighting.settled).toBe(false);
    expect(early.sighting.settled).toBe(false);
    expect(look(world, early.sighting).sighting.settled).toBe(true);
  });

  test('a file without a newline that is old at its first look', () => {
    const world = newWorld();
    create(world, 'v1');
    world.nowMs += 10_000;

    expect(look(world, undefined).lookAgainInMs).toBe(SETTLE_MS);
  });
});

test('an empty file is looked at again after 5, 5, 10, 20 ms and so on, and in the end once a minute', () => {
  const world = newWorld();
  create(world, '');
  const waits: number[] = [];
  let previous: Sighting | undefined;
  for (let count = 0; count < 18; count += 1) {
    const { sighting, lookAgainInMs } = look(world, previous);
    previous = sighting;
    waits.push(lookAgainInMs);
    world.nowMs += lookAgainInMs;
  }

  expect(waits.slice(0, 6)).toEqual([5, 5, 10, 20, 40, 80]);
  expect(waits.at(-1)).toBe(60_000);
});

const version = fc.stringMatching(/^v[0-9]{1,2}(\.[0-9]{1,2}){0,2}(-rc1)?$/);
const content = fc.tuple(version, fc.constantFrom('', '\n', '\r\n')).map(([text, end]) => text + end);
const pause = fc.integer({ min: 1, max: SETTLE_MS - 1 });
const RUNS = { numRuns: 100_000 };

describe('for all files', () => {
  test('empty content and comments are never settled, and always looked at again', () => {
    const nothing = fc
      .stringMatching(/^(\s|#[a-z ]*\n)*$/)
      .filter((text) => parseDepFile(Buffer.from(text)).kind === 'empty');
    fc.assert(
      fc.property(nothing, fc.nat(1_000_000), fc.boolean(), (bytes, waitedMs, renamed) => {
        const world = newWorld();
        if (renamed) arrive(world, bytes);
        else create(world, bytes);
        const first = look(world, undefined);
        world.nowMs += waitedMs;
        const second = look(world, first.sighting);

        expect([first.sighting.settled, second.sighting.settled]).toEqual([false, false]);
        expect(Math.min(first.lookAgainInMs, second.lookAgainInMs)).toBeGreaterThan(0);
      }),
      { numRuns: 10_000 },
    );
  });

  test('whatever happened before, content left alone settles at the look it asks for', () => {
    const step = fc.record({ kind: fc.constantFrom(write, arrive, create), bytes: content, afterMs: fc.nat(300) });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: -1e7, max: 1e7 }),
        (steps, jumpMs) => {
          const world = newWorld();
          let previous: Sighting | undefined;
          for (const { kind, bytes, afterMs } of steps) {
            kind(world, bytes);
            previous = look(world, previous).sighting;
            world.nowMs += afterMs;
          }
          const first = look(world, previous);
          world.skewMs += jumpMs;
          world.nowMs += first.lookAgainInMs;
          const second = look(world, first.sighting);

          expect(first.lookAgainInMs).toBeLessThanOrEqual(SETTLE_MS);
          expect(second.sighting.settled).toBe(true);
        },
      ),
      RUNS,
    );
  });

  /** The overwriting writer is held up between its two calls, and looked at meanwhile. */
  test('an overwrite without truncation settles on the new content only', () => {
    fc.assert(
      fc.property(content, content, pause, pause, (before, after, firstMs, secondMs) => {
        const world = newWorld();
        const previous = settledOn(world, before);
        write(world, after + before.slice(after.length));
        world.nowMs += firstMs % 10;
        const during = look(world, previous);
        world.nowMs += Math.min(secondMs, SETTLE_MS - 11);
        const later = look(world, during.sighting);
        const taken = [during, later].filter(({ sighting }) => sighting.settled).map(({ sighting }) => sighting.bytes);

        for (const bytes of taken) expect([versionOf(before), versionOf(after)]).toContain(versionOf(bytes));
      }),
      RUNS,
    );
  });

  test('a truncating writer that pauses after any byte settles on nothing but its whole version', () => {
    fc.assert(
      fc.property(content, content, fc.nat(10), pause, (before, after, cut, pauseMs) => {
        const world = newWorld();
        const previous = settledOn(world, before);
        const steps = ['', after.slice(0, cut), after];
        const taken: string[] = [];
        let sighting: Sighting = previous;
        for (const bytes of steps) {
          write(world, bytes);
          ({ sighting } = look(world, sighting));
          if (sighting.settled) taken.push(sighting.bytes);
          world.nowMs += pauseMs;
        }

        for (const bytes of taken) expect([versionOf(before), versionOf(after)]).toContain(versionOf(bytes));
      }),
      RUNS,
    );
  });
});

function versionOf(bytes: string): string | undefined {
  const parse = parseDepFile(Buffer.from(bytes, 'latin1'));
  return parse.kind === 'request' ? parse.request.version : undefined;
}
