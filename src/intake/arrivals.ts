/** Which files came whole, by rename or link, as far as the events of the directory tell. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TargetKey } from '../domain/target.ts';

export interface Arrivals {
  /** An event of the directory: `rename` when a name appears or goes, `change` when a file is written or touched. */
  note(event: string, key: TargetKey): void;
  /** Whether the name has appeared, and was not written to since. To be asked before the file is read… */
  hasAppeared(key: TargetKey): boolean;
  /** …and this after it: whether what was read came with the name. Asked alone, it could be about a later file. */
  cameWhole(key: TargetKey): Promise<boolean>;
  /** Forgets all, since events were lost or may have been. */
  clear(): void;
}

/** Names that appeared and were never looked at are gone files; a few are no harm. */
const MOST_NAMES = 1_000;

export function createArrivals(): Arrivals {
  const appeared = new Set<TargetKey>();

  return {
    note(event, key) {
      if (event !== 'rename') {
        appeared.delete(key);
        return;
      }
      if (appeared.size >= MOST_NAMES) appeared.clear();
      appeared.add(key);
    },
    hasAppeared: (key) => appeared.has(key),
    async cameWhole(key) {
      // Whoever wrote what was read has caused an event by now. The second turn of the event loop certainly polls after
      // the read, so the event is in by then.
      await nextTurn();
      await nextTurn();
      return appeared.delete(key);
    },
    clear: () => appeared.clear(),
  };
}
