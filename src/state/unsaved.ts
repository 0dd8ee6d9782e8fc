/**
 * Going on while the disk does not take our state: what could not be written is kept in memory and counts as the state,
 * so a full disk delays no deployment. It is written when the target is looked at again; a restart asks the cluster
 * instead.
 */
import type { Clock } from '../clock.ts';
import type { TargetRecord } from '../domain/record.ts';
import type { TargetKey } from '../domain/target.ts';
import { WriteError } from './durable.ts';
import type { StateStore } from './store.ts';

export interface UnsavedStore extends StateStore {
  /** The target's dep file has gone: what no disk will ever take need not be kept in memory for it. */
  forget(key: TargetKey): void;
  /** Asks for no more looks; what is unsaved stays so. Twice is fine. */
  stop(): void;
}

export interface UnsavedHooks {
  readonly clock: Clock;
  /**
   * Told when saving begins to fail, with one line that names the path and the cause, and with undefined when everything
   * could be saved again.
   */
  onUnsaved(problem: string | undefined): void;
  /** Called now and then while something is unsaved: a look at this target tries again to save it. */
  onRetry(key: TargetKey): void;
}

/** What could not be written, by target. */
interface Kept<T> {
  /** The disk may take it later. */
  readonly waiting: Map<TargetKey, T>;
  /** Refused for the length of its name: says nothing about the disk, and no time mends it. */
  readonly unwritable: Map<TargetKey, T>;
}

const RETRY_MS = 5_000;

export function keepUnsaved(store: StateStore, { clock, onUnsaved, onRetry }: UnsavedHooks): UnsavedStore {
  const records = createKept<TargetRecord>();
  const lasts = createKept<string>();
  let failing = false;
  let isStopped = false;
  let cancelRetry: (() => void) | undefined;

  async function write<T>(kept: Kept<T>, key: TargetKey, value: T, save: () => Promise<void>): Promise<void> {
    try {
      await save();
      drop(kept, key);
      tell(failing && records.waiting.size + lasts.waiting.size > 0, undefined);
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      drop(kept, key);
      // The file itself is refused for its name, and that is told in the log and in Slack.
      if (error.kind === 'name-too-long') {
        kept.unwritable.set(key, value);
        return;
      }
      kept.waiting.set(key, value);
      tell(true, error.message);
    }
  }

  function tell(nowFailing: boolean, problem: string | undefined): void {
    if (nowFailing === failing) return;
    failing = nowFailing;
    onUnsaved(problem);
    cancelRetry?.();
    if (failing) planRetry();
  }

  function planRetry(): void {
    if (!isStopped) cancelRetry = clock.after(RETRY_MS, retry);
  }

  function retry(): void {
    for (const key of new Set([...records.waiting.keys(), ...lasts.waiting.keys()])) onRetry(key);
    planRetry();
  }

  /** Here, where one pass works on the key, so that nothing older goes over something newer. */
  async function saveKept(key: TargetKey): Promise<void> {
    const record = keptOf(records, key);
    const last = keptOf(lasts, key);
    if (last !== undefined) await write(lasts, key, last, () => store.writeLast(key, last));
    if (record !== undefined) await write(records, key, record, () => store.writeRecord(key, record));
  }

  return {
    recordedKeys: store.recordedKeys,
    async readRecord(key) {
      const kept = keptOf(records, key);
      await saveKept(key);
      return kept ?? store.readRecord(key);
    },
    writeRecord: (key, record) => write(records, key, record, () => store.writeRecord(key, record)),
    readLast: async (key) => keptOf(lasts, key) ?? store.readLast(key),
    writeLast: (key, version) => write(lasts, key, version, () => store.writeLast(key, version)),
    removeTemporaries: store.removeTemporaries,
    forget(key) {
      records.unwritable.delete(key);
      lasts.unwritable.delete(key);
    },
    stop() {
      isStopped = true;
      cancelRetry?.();
    },
  };
}

function createKept<T>(): Kept<T> {
  return { waiting: new Map(), unwritable: new Map() };
}

function keptOf<T>({ waiting, unwritable }: Kept<T>, key: TargetKey): T | undefined {
  return waiting.get(key) ?? unwritable.get(key);
}

function drop<T>({ waiting, unwritable }: Kept<T>, key: TargetKey): void {
  waiting.delete(key);
  unwritable.delete(key);
}
