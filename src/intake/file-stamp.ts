/** What a stat says about which file this is and whether it changed. */
import type { BigIntStats } from 'node:fs';

export interface FileStamp {
  /** Which file: device, inode number and birth. Birth is in it because file systems use inode numbers again at once. */
  readonly inode: string;
  /** Which state of it: differs after every write, `chmod`, `touch` and rename. */
  readonly identity: string;
  readonly size: number;
  /** Epoch nanoseconds. `ctimeNs` cannot be set by a program, `mtimeNs` can (`cp -p`, `rsync -t`, `tar x`). */
  readonly ctimeNs: bigint;
  readonly mtimeNs: bigint;
  /** 0 where the file system does not know it. */
  readonly birthtimeNs: bigint;
}

export function stampOf(stats: BigIntStats): FileStamp {
  const { size, ctimeNs, mtimeNs, birthtimeNs } = stats;
  const inode = `${stats.dev}:${stats.ino}:${birthtimeNs}`;
  return {
    inode,
    identity: `${inode}:${size}:${mtimeNs}:${ctimeNs}`,
    size: Number(size),
    ctimeNs,
    mtimeNs,
    birthtimeNs,
  };
}
