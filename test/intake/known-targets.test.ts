import { expect, test } from 'vitest';
import type { DepLook } from '../../src/domain/dep-look.ts';
import { type TargetKey, targetKey } from '../../src/domain/target.ts';
import { createKnownTargets } from '../../src/intake/known-targets.ts';

const web = { service: 'web', namespace: 'prod' };
const key = targetKey(web);
const GONE: DepLook = { kind: 'absent' };
const WRITTEN: DepLook = { kind: 'not-ready', lookAgainInMs: 100 };

/** A directory whose scan and whose looks can differ, as they do between two scans. */
function createWorld() {
  const directory = { scanned: new Set<TargetKey>(), look: GONE };
  const forgotten: TargetKey[] = [];
  const known = createKnownTargets({
    intake: { look: async () => directory.look, keys: () => directory.scanned },
    onForgotten: (key) => forgotten.push(key),
  });
  return { directory, known, forgotten };
}

test('a target is ours from the scan that finds its file, and from the first look, whichever is first', async () => {
  const { directory, known } = createWorld();
  const atFirst = known.has(web);

  const look = known.look(key);
  const sinceTheLook = known.has(web);
  await look;
  directory.scanned.add(targetKey({ service: 'api', namespace: 'prod' }));

  expect([atFirst, sinceTheLook, known.has({ service: 'api', namespace: 'prod' })]).toEqual([false, true, true]);
});

test('a target whose file is gone stays ours until nothing is left to be done', async () => {
  const { known, forgotten } = createWorld();

  await known.look(key);
  const duringTheRollout = known.has(web);
  known.forgetIfGone(key);

  expect(duringTheRollout).toBe(true);
  expect(known.has(web)).toBe(false);
  expect(forgotten).toEqual([key]);
});

test('a file that the look found and no scan yet keeps its target', async () => {
  const { directory, known, forgotten } = createWorld();
  directory.look = WRITTEN;

  await known.look(key);
  known.forgetIfGone(key);

  expect(known.has(web)).toBe(true);
  expect(forgotten).toEqual([]);
});

test('a target is forgotten when the scan has missed its file too, and once', async () => {
  const { directory, known, forgotten } = createWorld();
  directory.scanned.add(key);
  await known.look(key);
  known.forgetIfGone(key);
  const meanwhile = [...forgotten];

  directory.scanned.delete(key);
  await known.look(key);
  known.forgetIfGone(key);
  known.forgetIfGone(key);

  expect(meanwhile).toEqual([]);
  expect(forgotten).toEqual([key]);
});

test('a file that comes back makes its target ours again', async () => {
  const { directory, known } = createWorld();
  await known.look(key);
  known.forgetIfGone(key);

  directory.look = WRITTEN;
  await known.look(key);
  known.forgetIfGone(key);

  expect(known.has(web)).toBe(true);
});
