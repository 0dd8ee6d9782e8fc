/**
 * One engine per directory. The lock is a listening socket whose name is made from the directory's real path; the
 * kernel gives it back however its holder dies, so there is no stale lock, and whoever finds it taken can ask by whom.
 * It is seen by processes of the same network namespace; across machines the fence in the Deployment protects.
 */
import { createHash } from 'node:crypto';
import { realpath, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../domain/errno.ts';

export interface DirectoryLock {
  /** Lets the next one in; twice is fine. */
  release(): Promise<void>;
}

export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** ISO time. */
  readonly since: string;
}

export interface LockOptions {
  /** How long to wait for the holder to leave; 0 gives up at once. */
  readonly waitMs: number;
  /** Called once when the lock is found taken; undefined when the holder did not say who it is. */
  readonly onWaiting?: (holder: LockHolder | undefined) => void;
  readonly signal?: AbortSignal;
}

/** Another engine works on the directory. */
export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';
  readonly holder: LockHolder | undefined;

  constructor(dir: string, holder: LockHolder | undefined) {
    super(`${dir} is served by ${describeHolder(holder)}; stop it, or give this engine another directory`);
    this.holder = holder;
  }
}

/** E.g. `process 4711 on deploy-box (since 2026-01-31T12:00:00.000Z)`. */
export function describeHolder(holder: LockHolder | undefined): string {
  return holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host} (since ${holder.since})`;
}

const RETRY_MS = 100;
const ANSWER_MS = 1000;
const MAX_ANSWER = 1024;

/**
 * Takes the lock of a directory, which need not exist.
 *
 * @throws DirectoryLockedError when it is still taken after `waitMs`
 */
export async function acquireDirectoryLock(dir: string, options: LockOptions): Promise<DirectoryLock> {
  const address = lockAddress(await realpath(dir).catch(() => resolve(dir)), process.platform);
  const deadline = performance.now() + options.waitMs;
  let told = false;
  for (;;) {
    const server = await listen(address);
    if (server !== undefined) return heldBy(server);
    const holder = await askHolder(address);
    if (performance.now() >= deadline) throw new DirectoryLockedError(dir, holder);
    if (!told) options.onWaiting?.(holder);
    told = true;
    await sleep(RETRY_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

/** Linux knows socket names outside the file system, Windows pipes; elsewhere it is a file among the temporary ones. */
export function lockAddress(realDir: string, platform: NodeJS.Platform): string {
  const name = `dke-${createHash('sha256').update(realDir).digest('hex').slice(0, 32)}`;
  if (platform === 'linux') return `\0${name}`;
  if (platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

/** A server that answers who we are, or undefined when the address is taken. */
function listen(address: string): Promise<Server | undefined> {
  const self: LockHolder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  const server = createServer((socket) => {
    // Who asks and leaves early is no concern of ours.
    socket.on('error', () => undefined);
    socket.end(JSON.stringify(self), () => socket.destroy());
  });
  return new Promise((resolveListen, reject) => {
    server.once('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE') resolveListen(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      // The lock lasts as long as the process and must neither prolong its life nor end it.
      server.unref();
      server.on('error', () => undefined);
      resolveListen(server);
    });
  });
}

function heldBy(server: Server): DirectoryLock {
  let released: Promise<void> | undefined;
  return {
    release() {
      released ??= new Promise((resolveClose) => server.close(() => resolveClose()));
      return released;
    },
  };
}

/** Asks the holder who it is; undefined when it does not say within a second, or is gone. */
async function askHolder(address: string): Promise<LockHolder | undefined> {
  const socket = connect(address);
  const cut = setTimeout(() => socket.destroy(), ANSWER_MS);
  try {
    return parseHolder(await readAnswer(socket));
  } catch (error) {
    // A socket file whose listener is dead: only where the name lives in the file system.
    if (errnoOf(error) === 'ECONNREFUSED' && address.endsWith('.sock')) await unlink(address).catch(() => undefined);
    return undefined;
  } finally {
    clearTimeout(cut);
    socket.destroy();
  }
}

async function readAnswer(socket: Socket): Promise<string> {
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    answer += chunk;
    if (answer.length > MAX_ANSWER) break;
  }
  return answer;
}

function parseHolder(answer: string): LockHolder | undefined {
  const { pid, host, since } = JSON.parse(answer) as Partial<Record<keyof LockHolder, unknown>>;
  if (typeof pid !== 'number' || typeof host !== 'string' || typeof since !== 'string') return undefined;
  return { pid, host, since };
}
