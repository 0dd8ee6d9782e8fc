import { mkdir, readFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { targetKey } from '../../src/domain/target.ts';
import { createStateStore, type StateStore } from '../../src/state/store.ts';
import { keepUnsaved } from '../../src/state/unsaved.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const web = targetKey({ service: 'web', namespace: 'prod' });
const api = targetKey({ service: 'api', namespace: 'prod' });

let dir: TempDir;
let store: StateStore;
/** What was told, in order; undefined for "saved again". */
let told: (string | undefined)[];

beforeEach(async () => {
  dir = await createTempDir();
  told = [];
  // Until the folder is made every write fails.
  store = keepUnsaved(
    createStateStore(dir.file('deps'), () => undefined),
    (problem) => told.push(problem),
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
