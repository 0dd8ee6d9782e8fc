/** Reads a dep file so that what it returns was in the file at one moment, whatever the file is and who writes to it. */
import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { MAX_DEP_FILE_BYTES } from '../domain/dep-file.ts';
import { describeErrno, errnoOf } from '../domain/errno.ts';
import { type FileStamp, stampOf } from './file-stamp.ts';

export type Reading =
  | { readonly kind: 'absent' }
  /** It changed while being read, or was replaced. */
  | { readonly kind: 'changed' }
  /** It is there, or the directory is not; either way its content cannot be known now. */
  | { readonly kind: 'unreadable'; readonly problem: string }
  /** Something that is not read at all. `id` stays the same for as long as it is the same thing. */
  | { readonly kind: 'special'; readonly id: string; readonly problem: string }
  | FileReading;

export interface FileReading {
  readonly kind: 'file';
  /** By a symbolic link: what happens to the name says nothing of the file. */
  readonly isLinked: boolean;
  readonly stamp: FileStamp;
  /** Undefined for a file above 4 KiB, which is left unread. */
  readonly bytes: Buffer | undefined;
}

/** Never blocks: no pipe, device or socket is opened, and `O_NONBLOCK` covers one put in place of a file meanwhile. */
export async function readStable(dir: string, fileName: string): Promise<Reading> {
  const path = join(dir, fileName);
  try {
    const stats = await lstat(path, { bigint: true });
    if (stats.isSymbolicLink()) return await readLinked(dir, path, stats);
    if (!stats.isFile()) return special(kindOf(stats), stats);
    return await readRegular(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return absentUnlessDirectoryIsGone(dir);
    return { kind: 'unreadable', problem: describeErrno(error) };
  }
}

async function absentUnlessDirectoryIsGone(dir: string): Promise<Reading> {
  try {
    await stat(dir);
    return { kind: 'absent' };
  } catch (error) {
    return { kind: 'unreadable', problem: describeErrno(error) };
  }
}

async function readRegular(path: string): Promise<Reading> {
  const handle = await openForReading(path);
  if (handle === undefined) return { kind: 'changed' };
  try {
    return await readTwiceStatted(handle, false);
  } finally {
    await handle.close();
  }
}

/** Undefined when the path turned into a symbolic link, a socket or nothing since it was looked at. */
async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ELOOP', 'ENXIO', 'ENOENT'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function readTwiceStatted(handle: FileHandle, isLinked: boolean): Promise<Reading> {
  const stats = await handle.stat({ bigint: true });
  if (!stats.isFile()) return { kind: 'changed' };
  const stamp = stampOf(stats);
  if (stamp.size > MAX_DEP_FILE_BYTES) return { kind: 'file', isLinked, stamp, bytes: undefined };
  const buffer = Buffer.allocUnsafe(MAX_DEP_FILE_BYTES + 1);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  const after = stampOf(await handle.stat({ bigint: true }));
  if (bytesRead !== stamp.size || after.identity !== stamp.identity) return { kind: 'changed' };
  return { kind: 'file', isLinked, stamp, bytes: buffer.subarray(0, bytesRead) };
}

/**
 * A symbolic link is followed to a regular file inside the directory, as in a mounted ConfigMap (`..data/`), and
 * nowhere else: what a refused file holds is quoted in messages, and that must never be `/etc/shadow`.
 */
async function readLinked(dir: string, path: string, link: BigIntStats): Promise<Reading> {
  const [base, target] = await Promise.all([realpath(dir), resolveLink(path)]);
  if (target === undefined) return special('a symbolic link that leads nowhere', link);
  if (!target.startsWith(base + sep)) return special('a symbolic link that leads out of the directory', link);
  const stats = await lstat(target, { bigint: true });
  if (!stats.isFile()) return special(`a symbolic link to ${kindOf(stats)}`, link);
  const handle = await openForReading(target);
  if (handle === undefined) return { kind: 'changed' };
  try {
    // A folder on the way may have been swapped since; the kernel knows what was really opened.
    if ((await pathOf(handle, target)) !== target) return { kind: 'changed' };
    return await readTwiceStatted(handle, true);
  } finally {
    await handle.close();
  }
}

async function resolveLink(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function pathOf(handle: FileHandle, target: string): Promise<string | undefined> {
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`);
  } catch {
    // No /proc on this system: the path, resolved once more, is the next best witness.
    return await resolveLink(target);
  }
}

function special(what: string, stats: BigIntStats): Reading {
  const id = createHash('sha256')
    .update(`${what}\0${stampOf(stats).inode}`)
    .digest('hex');
  return { kind: 'special', id, problem: `${what}, not a regular file; put a plain text file in its place` };
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSocket()) return 'a socket';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device';
  return stats.isFile() ? 'a regular file' : 'of an unknown kind';
}
