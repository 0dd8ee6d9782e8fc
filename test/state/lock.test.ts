import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireDirectoryLock, DirectoryLockedError, lockAddress } from '../../src/state/lock.ts';
import { eventually } from '../support/eventually.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const LOCK = new URL('../../src/state/lock.ts', import.meta.url).href;

let dir: TempDir;
let children: ChildProcess[];

beforeEach(async () => {
  dir = await createTempDir();
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await dir.remove();
});

/** Another process that takes the lock and keeps it; resolves when it has it. */
async function holdElsewhere(path: string): Promise<ChildProcess> {
  const script = `
    const { acquireDirectoryLock } = await import(${JSON.stringify(LOCK)});
    await acquireDirectoryLock(${JSON.stringify(path)}, { waitMs: 0 });
    console.log('held');
    setInterval(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await eventually(() => output.includes('held'));
  return child;
}

test('a second engine is told who holds the directory', async () => {
  const child = await holdElsewhere(dir.path);

  const refusal = await acquireDirectoryLock(dir.path, { waitMs: 0 }).catch((error: unknown) => error);

  expect(refusal).toBeInstanceOf(DirectoryLockedError);
  expect(refusal).toMatchObject({ holder: { pid: child.pid, host: hostname() } });
  expect(String(refusal)).toContain(`process ${child.pid} on ${hostname()}`);
});

test('the lock of a killed holder is free at once, for one that waits', async () => {
  const child = await holdElsewhere(dir.path);
  const waitedFor: (number | undefined)[] = [];

  const acquired = acquireDirectoryLock(dir.path, {
    waitMs: 30_000,
    onWaiting: (holder) => waitedFor.push(holder?.pid),
  });
  await eventually(() => waitedFor.length > 0);
  child.kill('SIGKILL');
  const lock = await acquired;

  expect(waitedFor).toEqual([child.pid]);
  await lock.release();
});

test('a released lock can be taken again, and releasing twice is fine', async () => {
  const first = await acquireDirectoryLock(dir.path, { waitMs: 0 });
  await Promise.all([first.release(), first.release()]);

  const second = await acquireDirectoryLock(dir.path, { waitMs: 0 });

  await second.release();
});

test('a second name of the directory is the same directory', async () => {
  await symlink(dir.path, dir.file('alias'));
  const lock = await acquireDirectoryLock(dir.path, { waitMs: 0 });

  await expect(acquireDirectoryLock(dir.file('alias'), { waitMs: 0 })).rejects.toThrow(DirectoryLockedError);
  await lock.release();
});

test('other directories are free, also one that is not there yet', async () => {
  await mkdir(dir.file('one'));

  const locks = [
    await acquireDirectoryLock(dir.path, { waitMs: 0 }),
    await acquireDirectoryLock(dir.file('one'), { waitMs: 0 }),
    await acquireDirectoryLock(dir.file('later'), { waitMs: 0 }),
  ];

  expect(await readdir(dir.path)).toEqual(['one']);
  for (const lock of locks) await lock.release();
});

test.each(['', 'null', '{"pid": "root"}', 'x'.repeat(5000)])(
  'a holder that answers %j stays unnamed',
  async (answer) => {
    const squatter = createServer((socket) => socket.on('error', () => undefined).end(answer));
    await new Promise<void>((resolve) => squatter.listen(lockAddress(dir.path, process.platform), resolve));

    const refusal = await acquireDirectoryLock(dir.path, { waitMs: 0 }).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ name: 'DirectoryLockedError', holder: undefined });
    await new Promise((resolve) => squatter.close(resolve));
  },
);

test('a waiting engine can be called off', async () => {
  const lock = await acquireDirectoryLock(dir.path, { waitMs: 0 });
  const abort = new AbortController();

  const waiting = acquireDirectoryLock(dir.path, {
    waitMs: 60_000,
    onWaiting: () => abort.abort(new Error('called off')),
    signal: abort.signal,
  });

  await expect(waiting).rejects.toMatchObject({ cause: { message: 'called off' } });
  await lock.release();
});

test('outside Linux and Windows the lock is a socket file, named by the directory alone', async () => {
  await writeFile(dir.file('x'), '');

  expect(lockAddress(dir.path, 'darwin')).toMatch(/dke-[0-9a-f]{32}\.sock$/);
  expect(lockAddress(dir.path, 'darwin')).toBe(lockAddress(dir.path, 'darwin'));
  expect(lockAddress(dir.path, 'linux')).not.toBe(lockAddress(dir.file('x'), 'linux'));
  // The system cuts longer names off: 104 bytes at worst.
  expect(lockAddress(dir.path, 'linux').length).toBeLessThan(104);
});
