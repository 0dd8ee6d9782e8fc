/**
 * Going on while the disk does not take our state: what could not be written is kept in memory and counts as the state,
 * so a full disk delays no deployment. It is written when the target is looked at again; a restart asks the cluster
 * instead.
 */
import type { TargetRecord } from '../domain/record.ts';
import type { TargetKey } from '../domain/target.ts';
import { WriteError } from './durable.ts';
import type { StateStore } from './store.ts';

export interface UnsavedHooks {
  /**
   * Told when saving begins to fail, with one line that names the path and the cause, and with undefined when everything
   * could be saved again.
   */
  onUnsaved(problem: string | undefined): void;
  /** Now and then while something is unsaved: time to look at this target, whose record is then tried to be saved. */
  onRetry(key: TargetKey): void;
  /** The clock's. */
  after(ms: number, run: () => void): void;
}

const RETRY_MS = 5_000;

export function keepUnsaved(store: StateStore, { onUnsaved, onRetry, after }: UnsavedHooks): StateStore {
  const records = new Map<TargetKey, TargetRecord>();
  const lasts = new Map<TargetKey, string>();
  let failing = false;

  async function write<T>(
    unsaved: Map<TargetKey, T>,
    key: TargetKey,
    value: T,
    save: () => Promise<void>,
  ): Promise<void> {
    try {
      await save();
      unsaved.delete(key);
      tell(records.size + lasts.size > 0 && failing, undefined);
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      unsaved.set(key, value);
      // Says nothing about the disk: the file is refused for its name, and that is told in the log and in Slack.
      if (error.kind !== 'name-too-long') tell(true, error.message);
    }
  }

  function tell(nowFailing: boolean, problem: string | undefined): void {
    if (nowFailing === failing) return;
    failing = nowFailing;
    onUnsaved(problem);
    if (failing) after(RETRY_MS, retry);
  }

  function retry(): void {
    if (!failing) return;
    for (const key of new Set([...records.keys(), ...lasts.keys()])) onRetry(key);
    after(RETRY_MS, retry);
  }

  /** Here, where one pass works on the key, so that nothing older goes over something newer. */
  async function saveKept(key: TargetKey): Promise<void> {
    const record = records.get(key);
    const last = lasts.get(key);
    if (last !== undefined) await write(lasts, key, last, () => store.writeLast(key, last));
    if (record !== undefined) await write(records, key, record, () => store.writeRecord(key, record));
  }

  return {
    recordedKeys: store.recordedKeys,
    async readRecord(key) {
      const kept = records.get(key);
      await saveKept(key);
      return kept ?? store.readRecord(key);
    },
    writeRecord: (key, record) => write(records, key, record, () => store.writeRecord(key, record)),
    readLast: async (key) => lasts.get(key) ?? store.readLast(key),
    writeLast: (key, version) => write(lasts, key, version, () => store.writeLast(key, version)),
    removeTemporaries: store.removeTemporaries,
  };
}
