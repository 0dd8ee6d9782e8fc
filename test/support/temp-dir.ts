/** Folders that tests write to. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeIfOrphaned } from './leftovers.ts';

export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** Path of a file in it. */
  file(name: string): string;
  /** Removes the folder with all it holds; twice is fine. */
  remove(): Promise<void>;
}

/** A new empty folder; it goes with `remove()`, with `await using`, or with the death of the test process. */
export async function createTempDir(prefix = 'test'): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), `${prefix}-`));
  const forget = removeIfOrphaned(path);
  const remove = async () => {
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
    forget();
  };
  return { path, file: (name) => join(path, name), remove, [Symbol.asyncDispose]: remove };
}
