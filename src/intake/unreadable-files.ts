/** Dep files that exist and cannot be read: nothing is deployed from them, so somebody must be told. */
import type { Clock } from '../clock.ts';
import { formatFileName, type TargetKey } from '../domain/target.ts';

export interface UnreadableFiles {
  /** What a look found; undefined when the file could be read, or is gone. */
  note(key: TargetKey, problem: string | undefined): void;
  /** The directory as a whole could not be read, which says nothing of its files. */
  clear(): void;
  /** One line about those that could not be read for so long, ms; undefined when there are none. */
  describe(forMs: number): string | undefined;
}

/** More names make no better message. */
const MOST_NAMES = 3;

export function createUnreadableFiles(clock: Clock): UnreadableFiles {
  const files = new Map<TargetKey, { readonly problem: string; readonly sinceMs: number }>();
  return {
    note(key, problem) {
      if (problem === undefined) files.delete(key);
      else files.set(key, { problem, sinceMs: files.get(key)?.sinceMs ?? clock.monotonic() });
    },
    clear: () => files.clear(),
    describe(forMs) {
      const told = [...files].filter(([, { sinceMs }]) => clock.monotonic() - sinceMs >= forMs);
      if (told.length === 0) return undefined;
      const named = told.slice(0, MOST_NAMES).map(([key, { problem }]) => `${formatFileName(key)} (${problem})`);
      const more = told.length > MOST_NAMES ? ` and ${told.length - MOST_NAMES} more` : '';
      return `not readable, and so not deployed: ${named.join(', ')}${more}`;
    },
  };
}
