import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeTemporaries, writeDurably } from '../../src/state/durable.ts';
import { eventually } from '../support/eventually.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const DURABLE = new URL('../../src/state/durable.ts', import.meta.url).href;

let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
});

afterEach(() => dir.remove());

/** Runs a module's text in another process, below `sh -c "<limits>; exec node"`. */
function runScript(script: string, limits = ':', wrapper: readonly string[] = ['env']) {
  const [command = 'env', ...options] = wrapper;
  const shell = ['sh', '-c', `${limits}; exec "$0" --input-type=module -e "$1"`, process.execPath, script];
  const child = spawn(command, [...options, ...shell], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { kill: () => child.kill('SIGKILL'), exited, output: () => output };
}

test('a reader finds the old content or the new one, never a mixture', async () => {
  const path = dir.file('web_prod.last');
  const contents = ['a'.repeat(50_000), 'b'.repeat(20_000)];
  await writeDurably(path, contents[0] ?? '');

  let writing = true;
  const writer = (async () => {
    for (let turn = 0; turn < 50; turn += 1) await writeDurably(path, contents[turn % 2] ?? '');
    writing = false;
  })();
  const seen = new Set<string>();
  while (writing) seen.add(await readFile(path, 'utf8'));
  await writer;

  expect(contents).toEqual(expect.arrayContaining([...seen]));
});

test('a process killed while it writes leaves a whole file, and leftovers that a start removes', async () => {
  const path = dir.file('web_prod.status.json');
  const script = `
    const { writeDurably } = await import(${JSON.stringify(DURABLE)});
    for (let turn = 0; ; turn += 1) {
      await Promise.all([0, 1, 2].map((each) =>
        writeDurably(${JSON.stringify(path)} + each, String(turn % 10).repeat(200_000))));
      if (turn === 3) console.log('written');
    }`;

  for (let round = 0; round < 3; round += 1) {
    const child = runScript(script);
    await eventually(() => child.output().includes('written'));
    child.kill();
    await child.exited;

    for (const each of [0, 1, 2]) expect(await readFile(path + each, 'utf8')).toMatch(/^(\d)\1{199999}$/);
  }
  await removeTemporaries(dir.path);

  expect(await readdir(dir.path)).toHaveLength(3);
});

test('writes to the same file at the same time leave one of them, whole', async () => {
  const path = dir.file('web_prod.last');
  const versions = Array.from({ length: 20 }, (_, index) => `v${index}`.repeat(500));

  await Promise.all(versions.map((version) => writeDurably(path, version)));

  expect(versions).toContain(await readFile(path, 'utf8'));
  expect(await readdir(dir.path)).toEqual(['web_prod.last']);
});

test('a write beyond the limits of the process keeps the old content and says why', async () => {
  const path = dir.file('web_prod.last');
  await writeDurably(path, 'v1');
  const script = `
    const { writeDurably } = await import(${JSON.stringify(DURABLE)});
    await writeDurably(${JSON.stringify(path)}, 'x'.repeat(1_000_000))
      .catch((error) => console.log(JSON.stringify([error.name, error.kind, error.path])));`;

  // Ignored, the signal of this limit becomes the error EFBIG.
  const child = runScript(script, "trap '' XFSZ; ulimit -f 64");
  await child.exited;

  expect(JSON.parse(child.output())).toEqual(['WriteError', 'too-large', path]);
  expect(await readFile(path, 'utf8')).toBe('v1');
  expect(await readdir(dir.path)).toEqual(['web_prod.last']);
});

// A mount of its own, seen by the child alone, goes with it.
const canMount =
  spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

test.skipIf(!canMount)('a full disk and a read-only one keep the old content and are told apart', async () => {
  const path = dir.file('web_prod.last');
  const script = `
    const { execFileSync } = await import('node:child_process');
    const { readdirSync, readFileSync } = await import('node:fs');
    const { writeDurably } = await import(${JSON.stringify(DURABLE)});
    const seen = [];
    const write = (data) => writeDurably(${JSON.stringify(path)}, data).catch((error) => seen.push(error.kind));
    await write('v1');
    await write('x'.repeat(100_000));
    execFileSync('mount', ['-o', 'remount,ro', ${JSON.stringify(dir.path)}]);
    await write('v2');
    console.log(JSON.stringify([
      seen, readFileSync(${JSON.stringify(path)}, 'utf8'), readdirSync(${JSON.stringify(dir.path)})]));`;

  const child = runScript(script, `mount -t tmpfs -o size=64k tmpfs "${dir.path}"`, [
    'unshare',
    '--map-root-user',
    '--mount',
  ]);
  await child.exited;

  expect(JSON.parse(child.output())).toEqual([['disk-full', 'read-only'], 'v1', ['web_prod.last']]);
});

test('a folder that is gone is told with path and cause', async () => {
  const path = join(dir.file('gone'), 'web_prod.last');

  const error = await writeDurably(path, 'v1').catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ name: 'WriteError', kind: 'folder-gone', path, cause: { code: 'ENOENT' } });
  expect(String(error)).toBe(`WriteError: cannot write ${path}: the folder is not there (ENOENT)`);
});

test('a process that has too many files open is told so', async () => {
  const script = `
    const { openSync } = await import('node:fs');
    const { writeDurably } = await import(${JSON.stringify(DURABLE)});
    try { for (;;) openSync('/dev/null'); } catch {}
    const error = await writeDurably(${JSON.stringify(dir.file('web_prod.last'))}, 'v1').catch((thrown) => thrown);
    console.log(error.kind);`;

  const child = runScript(script, 'ulimit -n 64');
  await child.exited;

  expect(child.output().trim()).toBe('too-many-files');
});

test('a folder in the place of the file is left alone', async () => {
  const path = dir.file('web_prod.last');
  await mkdir(path);

  await expect(writeDurably(path, 'v1')).rejects.toMatchObject({
    kind: 'in-the-way',
    message: `cannot write ${path}: a folder of this name is there; move it away (EISDIR)`,
  });
  expect(await readdir(dir.path)).toEqual(['web_prod.last']);
});

// Root may write anywhere.
test.skipIf(process.getuid?.() === 0)('a folder without the right to write is told so', async () => {
  await writeFile(dir.file('web_prod.last'), 'v1');
  await chmod(dir.path, 0o500);

  await expect(writeDurably(dir.file('web_prod.last'), 'v2')).rejects.toMatchObject({ kind: 'no-permission' });
  await chmod(dir.path, 0o700);
  expect(await readFile(dir.file('web_prod.last'), 'utf8')).toBe('v1');
  await rm(dir.file('web_prod.last'));
});
