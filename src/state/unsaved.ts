/**
 * Going on while the disk does not take our state: what could not be written is kept in memory and counts as the state,
 * so a full disk delays no deployment. The next write of the same file replaces it; a restart asks the cluster instead.
 */
import type { TargetRecord } from '../domain/record.ts';
import type { TargetKey } from '../domain/target.ts';
import { WriteError } from './durable.ts';
import type { StateStore } from './store.ts';

/**
 * @param onUnsaved told when saving begins to fail, with one line that names the path and the cause, and with
 * undefined when everything could be saved again
 */
export function keepUnsaved(store: StateStore, onUnsaved: (problem: string | undefined) => void): StateStore {
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
  }

  return {
    recordedKeys: store.recordedKeys,
    readRecord: async (key) => records.get(key) ?? store.readRecord(key),
    writeRecord: (key, record) => write(records, key, record, () => store.writeRecord(key, record)),
    readLast: async (key) => lasts.get(key) ?? store.readLast(key),
    writeLast: (key, version) => write(lasts, key, version, () => store.writeLast(key, version)),
    removeTemporaries: store.removeTemporaries,
  };
}
