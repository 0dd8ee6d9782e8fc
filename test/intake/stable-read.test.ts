import { execFileSync } from 'node:child_process';
import { mkdir, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { DepLook } from '../../src/domain/dep-look.ts';
import { createArrivals } from '../../src/intake/arrivals.ts';
import { createLooker } from '../../src/intake/look.ts';
import { keyOf } from '../support/intake-follower.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const FILE = 'web_prod.dep';

test('eight pipes are refused, and hold up no other file', async () => {
  await using dir = await createTempDir('special');
  const pipes = Array.from({ length: 8 }, (_, index) => `pipe${index}_prod.dep`);
  execFileSync('mkfifo', pipes.map(dir.file));
  await writeFile(dir.file(FILE), 'v1\n');

  const looks = await lookAt(dir, [...pipes, FILE]);

  for (const look of looks.slice(0, 8)) {
    expect(look).toMatchObject({ kind: 'refused', problem: expect.stringContaining('a named pipe') });
  }
  expect(looks[8]).toMatchObject({ kind: 'wanted', request: { version: 'v1' } });
});

test('a directory, a socket and a link to a device are refused for what they are', async () => {
  await using dir = await createTempDir('special');
  await mkdir(dir.file('dir_prod.dep'));
  await symlink('/dev/zero', dir.file('zero_prod.dep'));
  await using _listening = await listen(dir.file('sock_prod.dep'));

  const looks = await lookAt(dir, ['dir_prod.dep', 'zero_prod.dep', 'sock_prod.dep']);

  expect(looks.map(problemOf)).toEqual([
    expect.stringContaining('a directory'),
    expect.stringContaining('leads out of the directory'),
    expect.stringContaining('a socket'),
  ]);
});

test('what is refused keeps its content id for as long as it is the same thing', async () => {
  await using dir = await createTempDir('special');
  await mkdir(dir.file(FILE));
  const [first] = await lookAt(dir, [FILE]);
  await mkdir(`${dir.file(FILE)}/inside`);

  const [second] = await lookAt(dir, [FILE]);

  expect(second).toEqual(first);
});

test.runIf(process.getuid?.() === 0)('a device is refused', async () => {
  await using dir = await createTempDir('special');
  execFileSync('mknod', [dir.file(FILE), 'c', '1', '5']);

  const [look] = await lookAt(dir, [FILE]);

  expect(problemOf(look)).toContain('a device');
});

test('a link that leads nowhere, to itself, out of the directory or to a pipe is refused', async () => {
  await using dir = await createTempDir('special');
  await symlink('missing', dir.file('a_prod.dep'));
  await symlink('b_prod.dep', dir.file('b_prod.dep'));
  await symlink('/etc/passwd', dir.file('c_prod.dep'));
  execFileSync('mkfifo', [dir.file('pipe')]);
  await symlink('pipe', dir.file('d_prod.dep'));

  const looks = await lookAt(dir, ['a_prod.dep', 'b_prod.dep', 'c_prod.dep', 'd_prod.dep']);

  expect(looks.map(problemOf)).toEqual([
    expect.stringContaining('leads nowhere'),
    expect.stringContaining('leads nowhere'),
    expect.stringContaining('leads out of the directory'),
    expect.stringContaining('to a named pipe'),
  ]);
});

test('a folder on the way of a link cannot lead out of the directory either', async () => {
  await using dir = await createTempDir('special');
  await symlink('/etc', dir.file('way'));
  await symlink('way/passwd', dir.file(FILE));

  const [look] = await lookAt(dir, [FILE]);

  expect(problemOf(look)).toContain('leads out of the directory');
});

test('a link to a regular file inside the directory is followed', async () => {
  await using dir = await createTempDir('special');
  await mkdir(dir.file('..1'));
  await writeFile(dir.file('..1/web_prod.dep'), 'v1\n');
  await symlink('..1', dir.file('..data'));
  await symlink('..data/web_prod.dep', dir.file(FILE));

  const [look] = await lookAt(dir, [FILE]);

  expect(look).toMatchObject({ kind: 'wanted', request: { version: 'v1' } });
});

test('a file of 50 MB is refused unread, once it is left alone', async () => {
  await using dir = await createTempDir('special');
  await writeFile(dir.file(FILE), 'v1\n');
  await truncate(dir.file(FILE), 50_000_000);

  const [growing] = await lookAt(dir, [FILE], { settleMs: 600_000 });
  const [left] = await lookAt(dir, [FILE], { settleMs: 0 });

  expect(growing?.kind).toBe('not-ready');
  expect(problemOf(left)).toContain('50000000 bytes');
});

test('4,096 bytes are read, one more is refused', async () => {
  await using dir = await createTempDir('special');
  const comment = '#'.repeat(4_096 - 'v1\n'.length);
  await writeFile(dir.file('a_prod.dep'), `v1\n${comment}`);
  await writeFile(dir.file('b_prod.dep'), `v1\n${comment}#`);

  const looks = await lookAt(dir, ['a_prod.dep', 'b_prod.dep'], { settleMs: 0 });

  expect(looks.map((look) => look.kind)).toEqual(['wanted', 'refused']);
});

test('malformed content is refused with its line once it is left alone', async () => {
  await using dir = await createTempDir('special');
  await writeFile(dir.file(FILE), 'v1\nreplicas: 3\n');

  const [early] = await lookAt(dir, [FILE], { settleMs: 600_000 });
  const [late] = await lookAt(dir, [FILE], { settleMs: 0 });

  expect(early?.kind).toBe('not-ready');
  expect(late).toMatchObject({ kind: 'refused', line: 2 });
});

test('a hundred looks at once at one file and at a hundred files all answer', async () => {
  await using dir = await createTempDir('special');
  const names = Array.from({ length: 100 }, (_, index) => `s${index}_prod.dep`);
  await Promise.all(names.map((name) => writeFile(dir.file(name), 'v1\n')));

  const looks = await lookAt(dir, [...names, ...Array<string>(100).fill('s0_prod.dep')]);

  expect(looks).toHaveLength(200);
  expect(looks.every((look) => look.kind === 'wanted')).toBe(true);
});

test('a missing file is absent; in a missing directory nothing can be said', async () => {
  await using dir = await createTempDir('special');
  const [inDirectory] = await lookAt(dir, [FILE]);
  await rename(dir.path, `${dir.path}-moved`);

  const [withoutDirectory] = await lookAt(dir, [FILE]);
  await rename(`${dir.path}-moved`, dir.path);

  expect(inDirectory).toEqual({ kind: 'absent' });
  expect(withoutDirectory?.kind).toBe('unreadable');
});

function lookAt(dir: TempDir, names: readonly string[], { settleMs = 60_000 } = {}): Promise<DepLook[]> {
  const looker = createLooker({
    dir: dir.path,
    settleMs,
    rescanMs: 2_000,
    clock: systemClock,
    arrivals: createArrivals(),
  });
  return Promise.all(names.map((name) => looker.look(keyOf(name))));
}

function problemOf(look: DepLook | undefined): string {
  return look?.kind === 'refused' ? look.problem : `not refused: ${look?.kind}`;
}

async function listen(path: string): Promise<AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { [Symbol.asyncDispose]: async () => void server.close() };
}
