/** Files that may not be there. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Its text; undefined when there is none. */
export function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(ifMissing);
}

/** The same for where nothing can be waited for. */
export function readIfThereSync(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return ifMissing(error);
  }
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
