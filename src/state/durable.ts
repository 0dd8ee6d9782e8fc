/** Writing a file so that a reader, a crash or a power cut finds the old content or the new one, never half of it. */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../domain/errno.ts';

export type WriteErrorKind =
  | 'disk-full'
  | 'too-large'
  | 'read-only'
  | 'no-permission'
  | 'name-too-long'
  | 'folder-gone'
  | 'in-the-way'
  | 'too-many-files'
  | 'io';

const KIND_OF_CODE: Readonly<Record<string, WriteErrorKind>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'too-large',
  EROFS: 'read-only',
  EACCES: 'no-permission',
  EPERM: 'no-permission',
  ENAMETOOLONG: 'name-too-long',
  ENOENT: 'folder-gone',
  ENOTDIR: 'folder-gone',
  EISDIR: 'in-the-way',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
};

/** What happened, and what to do about it. */
const WORDS: Readonly<Record<WriteErrorKind, string>> = {
  'disk-full': 'the disk or the quota is full; free some space',
  'too-large': 'the file would exceed the limit on file sizes; raise it',
  'read-only': 'the file system is read-only; mount it writable',
  'no-permission': 'no permission; give the account of this process the right to write there',
  'name-too-long': 'the file name is too long for the file system; shorten the name of the dep file',
  'folder-gone': 'the folder is not there',
  'in-the-way': 'a folder of this name is there; move it away',
  'too-many-files': 'too many files are open; raise the limit (ulimit -n, LimitNOFILE)',
  io: 'input/output error',
};

/** A file that could not be written; what was there before is still there, whole. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
  readonly kind: WriteErrorKind;
  readonly path: string;

  constructor(path: string, cause: unknown) {
    const code = errnoOf(cause) ?? 'no code';
    const kind = KIND_OF_CODE[code] ?? 'io';
    super(`cannot write ${path}: ${WORDS[kind]} (${code})`, { cause });
    this.kind = kind;
    this.path = path;
  }
}

/** The signature of `writeDurably`, for rooms that are handed it. */
export type WriteDurably = (path: string, data: string | Uint8Array, mode?: number) => Promise<void>;

/**
 * Replaces the whole file: a temporary file in the same folder, fsync, rename, fsync of the folder. When it resolves
 * the content outlives a power cut.
 *
 * @param mode permissions before the umask takes its bits
 * @throws WriteError
 */
export async function writeDurably(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, temporaryName());
  try {
    await writeAndSync(temporary, data, mode);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    // Whatever prevents this removal prevented the write, which is the error to tell; the next start removes leftovers.
    await unlink(temporary).catch(() => undefined);
    throw new WriteError(path, error);
  }
}

async function writeAndSync(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames and removals in the folder outlive a power cut, where the file system knows how. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}

// The name does not grow with the target's: a dep file may use all 255 bytes a name can have.
const TEMPORARY = /^\.dke-[0-9a-f]{16}\.tmp$/;

function temporaryName(): string {
  return `.dke-${randomBytes(8).toString('hex')}.tmp`;
}

/** Removes what writes that were cut short left in the folder. Only while nobody writes there. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
  }
}
