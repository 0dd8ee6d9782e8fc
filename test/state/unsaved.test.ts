import { mkdir, readFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TargetKey, targetKey } from '../../src/domain/target.ts';
import { createStateStore } from '../../src/state/store.ts';
import { keepUnsaved, type UnsavedStore } from '../../src/state/unsaved.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const web = targetKey({ service: 'web', namespace: 'prod' });
const api = targetKey({ service: 'api', namespace: 'prod' });
/** No file system takes its files. */
const tooLong = targetKey({ service: 'w'.repeat(255), namespace: 'prod' });

let dir: TempDir;
let store: UnsavedStore;
/** What was told, in order; undefined for "saved again". */
let told: (string | undefined)[];
let retried: TargetKey[];
let clock: ManualClock;

beforeEach(async () => {
  dir = await createTempDir();
  told = [];
  retried = [];
  clock = createManualClock();
  // Until the folder is made every write fails.
  store = keepUnsaved(
    createStateStore(dir.file('deps'), () => undefined),
    { clock, onUnsaved: (problem) => told.push(problem), onRetry: (key) => retried.push(key) },
  );
});

afterEach(() => dir.remove());

test('what cannot be saved counts as the state all the same', async () => {
  await store.writeLast(web, 'v1');
  await store.writeLast(web, 'v2');

  expect(await store.readLast(web)).toBe('v2');
  expect(told).toEqual([expect.stringContaining(dir.file('deps/web_prod.last'))]);
});

test('it is told again when everything could be saved', async () => {
  await store.writeLast(web, 'v1');
  await store.writeLast(api, 'v1');
  await mkdir(dir.file('deps'));

  await store.writeLast(web, 'v2');
  expect(told).toHaveLength(1);
  await store.writeLast(api, 'v2');

  expect(told).toEqual([expect.any(String), undefined]);
  expect(await readFile(dir.file('deps/api_prod.last'), 'utf8')).toBe('v2');
});

test('what was saved is read from the disk again', async () => {
  await store.writeLast(web, 'v1');
  await mkdir(dir.file('deps'));
  await store.writeLast(web, 'v2');
  await rm(dir.file('deps/web_prod.last'));

  expect(await store.readLast(web)).toBeUndefined();
});

test('what is unsaved is asked for again until it is saved, and then no more', async () => {
  await store.writeLast(web, 'v1');
  clock.advance(5_000);
  const whileFailing = [...retried];
  await mkdir(dir.file('deps'));

  await store.readRecord(web);
  clock.advance(60_000);

  expect(whileFailing).toEqual([web]);
  expect(retried).toEqual([web]);
  expect(await readFile(dir.file('deps/web_prod.last'), 'utf8')).toBe('v1');
  expect(told).toEqual([expect.any(String), undefined]);
});

test('a name that is too long keeps its state in memory, and is not told as a trouble with the disk', async () => {
  await mkdir(dir.file('deps'));

  await store.writeLast(tooLong, 'v1');
  clock.advance(60_000);

  expect(await store.readLast(tooLong)).toBe('v1');
  expect([told, retried]).toEqual([[], []]);
});

test('a name that is too long does not keep the rest from being saved again', async () => {
  await mkdir(dir.file('deps'));
  await store.writeLast(tooLong, 'v1');
  await rm(dir.file('deps'), { recursive: true });
  await store.writeLast(web, 'v1');
  await mkdir(dir.file('deps'));

  await store.writeLast(web, 'v2');
  clock.advance(60_000);

  expect(told).toEqual([expect.any(String), undefined]);
  expect(retried).toEqual([]);
});

test('a name that is too long is forgotten with its file, what waits for the disk is not', async () => {
  await store.writeLast(web, 'v1');
  await mkdir(dir.file('deps'));
  await store.writeLast(tooLong, 'v1');

  store.forget(web);
  store.forget(tooLong);

  expect(await store.readLast(web)).toBe('v1');
  expect(await store.readLast(tooLong)).toBeUndefined();
});

test('nothing is asked for after the stop, also when saving fails only then', async () => {
  await store.writeLast(web, 'v1');
  store.stop();
  await mkdir(dir.file('deps'));
  await store.writeLast(web, 'v1');
  await rm(dir.file('deps'), { recursive: true });
  await store.writeLast(web, 'v2');

  clock.advance(60_000);

  expect(retried).toEqual([]);
  expect(clock.waits).toEqual([]);
});
