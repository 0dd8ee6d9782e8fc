/** One pass over the directory: which dep files there are, and in which state. */
import { isUtf8 } from 'node:buffer';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeErrno, errnoOf } from '../domain/errno.ts';
import { keyOfFileName, type TargetKey } from '../domain/target.ts';
import { stampOf } from './file-stamp.ts';
import { createGate } from './gate.ts';

export type DirectoryScan =
  /** `directory` tells a directory from another one put in its place; `files` has the state of each dep file. */
  | { readonly kind: 'files'; readonly directory: string; readonly files: ReadonlyMap<TargetKey, string> }
  /** The directory is gone or cannot be read: nothing is known of its files, least of all that they are gone. */
  | { readonly kind: 'unreadable'; readonly problem: string };

const STATS_AT_ONCE = 8;

export async function scanDirectory(dir: string): Promise<DirectoryScan> {
  try {
    const directory = stampOf(await stat(dir, { bigint: true })).inode;
    const names = (await readdir(dir, { encoding: 'buffer' })).filter((name) => isUtf8(name));
    const files = new Map<TargetKey, string>();
    const gate = createGate(STATS_AT_ONCE);
    await Promise.all(
      names.map(async (bytes) => {
        const name = bytes.toString();
        const key = keyOfFileName(name);
        if (key === undefined) return;
        const state = await gate.run(() => stateOf(join(dir, name)));
        if (state !== undefined) files.set(key, state);
      }),
    );
    return { kind: 'files', directory, files };
  } catch (error) {
    return { kind: 'unreadable', problem: describeErrno(error) };
  }
}

/** Undefined when the file is gone. Throws EACCES, which is about the directory: a stat needs no right to the file. */
async function stateOf(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    const { identity } = stampOf(stats);
    return stats.isSymbolicLink() ? `${identity}>${await stateOfLinked(path)}` : identity;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return undefined;
    if (code === undefined || code === 'EACCES') throw error;
    // A failing disk under one file: it is there, and a change of this is a change.
    return code;
  }
}

/** What a link leads to changes without the link: `..data` of a mounted ConfigMap, or a write to its target. */
async function stateOfLinked(path: string): Promise<string> {
  try {
    return stampOf(await stat(path, { bigint: true })).identity;
  } catch (error) {
    return errnoOf(error) ?? '';
  }
}
