import { mkdir, readFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TargetKey, targetKey } from '../../src/domain/target.ts';
import { createStateStore, type StateStore } from '../../src/state/store.ts';
import { keepUnsaved } from '../../src/state/unsaved.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const web = targetKey({ service: 'web', namespace: 'prod' });
const api = targetKey({ service: 'api', namespace: 'prod' });

let dir: TempDir;
let store: StateStore;
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
    { onUnsaved: (problem) => told.push(problem), onRetry: (key) => retried.push(key), after: clock.after },
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
