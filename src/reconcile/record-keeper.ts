/** Keeps records and tells events so that a crash in between neither loses an event nor tells it in two ways. */
import type { TargetEvent } from '../domain/event.ts';
import type { TargetRecord } from '../domain/record.ts';
import type { TargetKey } from '../domain/target.ts';
import type { StateStore } from '../state/store.ts';

export interface RecordKeeper {
  /** The record, undefined when there is none; tells first what a crash kept from being told. */
  read(key: TargetKey): Promise<TargetRecord | undefined>;
  /** Writes the record and, when there is an event, tells it. */
  keep(key: TargetKey, record: TargetRecord, event?: TargetEvent): Promise<void>;
}

export function createRecordKeeper(
  store: Pick<StateStore, 'readRecord' | 'writeRecord'>,
  report: (event: TargetEvent) => Promise<void>,
): RecordKeeper {
  return {
    async read(key) {
      const record = await store.readRecord(key);
      if (record?.untold === undefined) return record;
      const { untold, ...told } = record;
      await report(untold);
      await store.writeRecord(key, told);
      return told;
    },
    async keep(key, record, event) {
      if (event !== undefined) {
        // What is noted before it is told, and nothing else, is told again after a crash, under the same id.
        await store.writeRecord(key, { ...record, untold: event });
        await report(event);
      }
      await store.writeRecord(key, record);
    },
  };
}
