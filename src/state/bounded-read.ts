/** Reading a small file that anybody may have put there: bounded, and never waiting on a pipe or a device. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '../domain/errno.ts';

export type BoundedRead =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly problem: string }
  /** A right is missing, or the disk or the network fails: nothing is known of the file, and that may last. */
  | { readonly kind: 'out-of-reach'; readonly problem: string }
  /** This process lacks a descriptor or memory: nothing is known of the file, and that passes. */
  | { readonly kind: 'unknown'; readonly problem: string }
  | { readonly kind: 'text'; readonly text: string };

const LACKS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** What stands there is not a state file: ignoring it overlooks nothing. */
const NO_FILE: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link',
  ENXIO: 'it is a socket or a device',
  ENAMETOOLONG: 'its name is too long for the file system',
};

/** The signature of `readBounded`, for rooms that are handed it. */
export type ReadBounded = (path: string, maxBytes: number) => Promise<BoundedRead>;

/** The whole file as UTF-8; longer than `maxBytes`, or no regular file, counts as unreadable. Never throws. */
export async function readBounded(path: string, maxBytes: number): Promise<BoundedRead> {
  try {
    // Without O_NONBLOCK opening a FIFO would occupy one of the few threads that all file access shares.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      return await readOpen(file, maxBytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = errnoOf(error) ?? String(error);
    if (code === 'ENOENT') return { kind: 'absent' };
    const problem = NO_FILE[code];
    if (problem !== undefined) return { kind: 'unreadable', problem };
    return { kind: LACKS.has(code) ? 'unknown' : 'out-of-reach', problem: code };
  }
}

async function readOpen(file: FileHandle, maxBytes: number): Promise<BoundedRead> {
  const found = await file.stat();
  if (!found.isFile()) return { kind: 'unreadable', problem: 'it is not a regular file' };
  if (found.size > maxBytes) return { kind: 'unreadable', problem: `it is longer than ${maxBytes} bytes` };
  // As long as the file, not as the bound: a hundred passes read at once.
  const buffer = Buffer.alloc(found.size + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return { kind: 'text', text: buffer.toString('utf8', 0, length) };
    length += bytesRead;
  }
  return { kind: 'unreadable', problem: 'it grew while it was read' };
}
