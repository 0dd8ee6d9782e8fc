import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TargetRecord } from '../../src/domain/record.ts';
import { keyOfFileName, type TargetKey, targetKey } from '../../src/domain/target.ts';
import { WriteError } from '../../src/state/durable.ts';
import { createStateStore, type StateProblem, UnknownStateError } from '../../src/state/store.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const key = targetKey({ service: 'web', namespace: 'prod' });

const record: TargetRecord = {
  schema: 1,
  phase: 'succeeded',
  version: '1.25.0',
  content: 'ab'.repeat(32),
  summary: 'web/prod 1.25.0 succeeded',
  evidence: [],
  startedAt: 1_000,
  finishedAt: 2_000,
  past: [],
};

let dir: TempDir;
let problems: StateProblem[];

beforeEach(async () => {
  dir = await createTempDir();
  problems = [];
});

afterEach(() => dir.remove());

const storeIn = (path: string) => createStateStore(path, (problem) => problems.push(problem));

function keyOf(fileName: string): TargetKey {
  const found = keyOfFileName(fileName);
  if (found === undefined) throw new Error(`${fileName} is no dep file`);
  return found;
}

test('.last holds the bare version, readable by all that the umask lets', async () => {
  const store = storeIn(dir.path);

  await store.writeLast(key, 'nginx-1.24.0');

  expect(await readFile(dir.file('web_prod.last'), 'utf8')).toBe('nginx-1.24.0');
  expect((await stat(dir.file('web_prod.last'))).mode & 0o777).toBe(0o644 & ~process.umask());
  expect(await store.readLast(key)).toBe('nginx-1.24.0');
});

test('what is not there is undefined and no problem', async () => {
  const store = storeIn(dir.path);

  expect(await store.readLast(key)).toBeUndefined();
  expect(await store.readRecord(key)).toBeUndefined();
  expect(problems).toEqual([]);
});

test('a .last of another writer is trimmed', async () => {
  await writeFile(dir.file('web_prod.last'), ' 1.2.3\r\n');

  expect(await storeIn(dir.path).readLast(key)).toBe('1.2.3');
});

test.each([
  ['empty', ''],
  ['blank', ' \n'],
  ['zero bytes, as after a power cut', '\0'.repeat(6)],
  ['longer than 4 KiB', 'v'.repeat(4097)],
])('a .last that is %s is unknown, and told', async (_what, content) => {
  await writeFile(dir.file('web_prod.last'), content);

  expect(await storeIn(dir.path).readLast(key)).toBeUndefined();
  expect(problems.map(({ path }) => path)).toEqual([dir.file('web_prod.last')]);
});

test('".dep" elsewhere in the path or the name stays as it is', async () => {
  const folder = dir.file('my.deployments');
  await mkdir(folder);

  await storeIn(folder).writeLast(keyOf('web.dep_prod.dep'), 'v1');

  expect(await readdir(folder)).toEqual(['web.dep_prod.last']);
});

test('a record outlives the store', async () => {
  await storeIn(dir.path).writeRecord(key, record);

  expect(await storeIn(dir.path).readRecord(key)).toStrictEqual(record);
  expect(await readdir(dir.path)).toEqual(['web_prod.status.json']);
});

test.each(['', '{"schema": 1', '[]', '\0\0\0'])('a damaged record is unknown, and told: %j', async (content) => {
  await writeFile(dir.file('web_prod.status.json'), content);

  expect(await storeIn(dir.path).readRecord(key)).toBeUndefined();
  expect(problems.map(({ path }) => path)).toEqual([dir.file('web_prod.status.json')]);
});

test('a folder, a pipe or a link in the place of a state file is told and never waited for', async () => {
  await mkdir(dir.file('web_prod.status.json'));
  execFileSync('mkfifo', [dir.file('web_prod.last')]);
  execFileSync('ln', ['-s', '/dev/zero', dir.file('api_prod.last')]);
  const store = storeIn(dir.path);

  expect(await store.readRecord(key)).toBeUndefined();
  expect(await store.readLast(key)).toBeUndefined();
  expect(await store.readLast(keyOf('api_prod.dep'))).toBeUndefined();
  expect(problems).toHaveLength(3);
});

test('a state file that cannot be read now is told once until it can be read, and never taken for none', async () => {
  // A file in the place of the directory: ENOTDIR, whoever reads.
  await writeFile(dir.file('deps'), '');
  const store = storeIn(dir.file('deps'));

  await expect(store.readRecord(key)).rejects.toThrow(UnknownStateError);
  await expect(store.readRecord(key)).rejects.toThrow(UnknownStateError);
  await expect(store.readLast(key)).rejects.toThrow(UnknownStateError);
  await rm(dir.file('deps'));
  await mkdir(dir.file('deps'));
  await store.readRecord(key);
  await rm(dir.file('deps'), { recursive: true });
  await writeFile(dir.file('deps'), '');
  await expect(store.readRecord(key)).rejects.toThrow(UnknownStateError);

  expect(problems.map(({ path }) => path.slice(dir.file('deps/').length))).toEqual([
    'web_prod.status.json',
    'web_prod.last',
    'web_prod.status.json',
  ]);
});

test('a record of a newer engine is told once, and never guessed at', async () => {
  await writeFile(dir.file('web_prod.status.json'), '{"schema": 2}');
  const store = storeIn(dir.path);

  await expect(store.readRecord(key)).rejects.toThrow(UnknownStateError);
  await expect(store.readRecord(key)).rejects.toThrow('move the file away');

  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('schema 2')]);
});

test('a name too long for its state files is answered by kind and path', async () => {
  const longest = keyOf(`${'a'.repeat(200)}_${'b'.repeat(50)}.dep`);
  const store = storeIn(dir.path);

  await writeFile(dir.file(`${longest}.dep`), 'v1');

  await expect(store.writeLast(longest, 'v1')).rejects.toMatchObject({
    kind: 'name-too-long',
    path: dir.file(`${longest}.last`),
  });
  await expect(store.writeRecord(longest, record)).rejects.toThrow(WriteError);
  expect(await readdir(dir.path)).toEqual([`${longest}.dep`]);
});

test('a start removes leftovers of its own writes only', async () => {
  const others = ['.dke-notes.tmp', '.web_prod.dep.swp', 'web_prod.dep', '.hidden.tmp'];
  for (const name of ['.dke-0123456789abcdef.tmp', ...others]) await writeFile(join(dir.path, name), 'x');

  await storeIn(dir.path).removeTemporaries();

  expect((await readdir(dir.path)).sort()).toEqual(others.sort());
});

test('the targets with a record are known, whatever else lies in the directory', async () => {
  const store = storeIn(dir.path);
  await store.writeRecord(key, record);
  await store.writeLast(targetKey({ service: 'api', namespace: 'prod' }), '1.0');
  await writeFile(dir.file('notes.txt'), '');

  expect(await store.recordedKeys()).toEqual([key]);
  expect(await storeIn(dir.file('nowhere')).recordedKeys()).toEqual([]);
});
