/** The entries of the outbox in order, each id at most once, on disk and in memory at the same time. */
import type { OutboxEntry, OutboxFiles } from './outbox-files.ts';

export interface QueueTrouble {
  readonly kind: 'not-saved' | 'overflow' | 'lost';
  readonly message: string;
}

export interface OutboxQueue {
  /** Takes over what earlier runs left; everything else here waits for it. */
  load(): Promise<void>;
  /** False when the id is known: waiting, or done not too long ago. Adds happen in the order of the calls. */
  add(entry: OutboxEntry): Promise<boolean>;
  /** The oldest entry; undefined when nothing waits. */
  first(): Promise<OutboxEntry | undefined>;
  /** The oldest entry is delivered. */
  finish(): Promise<void>;
  /** The oldest entry can never be delivered; its file is kept apart. */
  bury(): Promise<void>;
  /** Tries again to save what waits in memory only; what then is not on disk is told as lost. */
  flush(): Promise<void>;
  /** Entries that wait, on disk or in memory; one that is being finished still counts. */
  readonly depth: number;
}

interface Waiting {
  readonly number: number;
  readonly id: string;
  /** Held here only while it is not on disk. */
  unsaved?: OutboxEntry;
}

/** How many ids that are done are remembered. */
const SENT_MEMORY = 1000;
/** With more waiting, the oldest are set aside: a hook that is gone for good must not fill the disk. */
const MAX_DEPTH = 10_000;

export function createOutboxQueue(files: OutboxFiles, onTrouble: (trouble: QueueTrouble) => void): OutboxQueue {
  const waiting: Waiting[] = [];
  const sent: string[] = [];
  /** The ids of both. */
  const known = new Set<string>();
  let nextNumber = 1;
  let loading: Promise<void> | undefined;
  let lastAdd: Promise<unknown> = Promise.resolve();

  async function readFiles(): Promise<void> {
    const loaded = await files.load();
    sent.push(...loaded.sent);
    waiting.push(...loaded.places.map(({ number, id }) => ({ number, id })));
    for (const id of [...sent, ...waiting.map((entry) => entry.id)]) known.add(id);
    nextNumber = (waiting.at(-1)?.number ?? 0) + 1;
  }

  function load(): Promise<void> {
    loading ??= readFiles();
    return loading;
  }

  async function append(entry: OutboxEntry): Promise<boolean> {
    await load();
    if (known.has(entry.id)) return false;
    known.add(entry.id);
    const place: Waiting = { number: nextNumber++, id: entry.id };
    const problem = await save(place.number, entry);
    if (problem !== undefined) {
      place.unsaved = entry;
      onTrouble({ kind: 'not-saved', message: `message ${entry.id} waits in memory only: ${problem}` });
    }
    waiting.push(place);
    if (waiting.length > MAX_DEPTH) await dropOldest();
    return true;
  }

  async function save(number: number, entry: OutboxEntry): Promise<string | undefined> {
    try {
      await files.save(number, entry);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function dropOldest(): Promise<void> {
    // Not the very first: it may be on its way just now.
    const [dropped] = waiting.splice(1, 1);
    if (dropped === undefined) return;
    onTrouble({ kind: 'overflow', message: `message ${dropped.id} is given up: ${MAX_DEPTH} wait` });
    if (dropped.unsaved === undefined) await files.bury(dropped.number);
    await remember(dropped.id);
  }

  async function remember(id: string): Promise<void> {
    sent.push(id);
    for (const forgotten of sent.splice(0, Math.max(0, sent.length - SENT_MEMORY))) known.delete(forgotten);
    await files.saveSent(sent);
  }

  return {
    load,

    add(entry) {
      const added = lastAdd.then(() => append(entry));
      lastAdd = added;
      return added;
    },

    async first() {
      await load();
      for (let place = waiting[0]; place !== undefined; place = waiting[0]) {
        const entry = place.unsaved ?? (await files.read(place.number));
        if (entry !== undefined) return entry;
        waiting.shift();
        onTrouble({ kind: 'lost', message: `message ${place.id} is lost: its file is gone or damaged` });
      }
      return undefined;
    },

    async finish() {
      const [place] = waiting;
      if (place === undefined) return;
      // Noted before it is removed: killed in between, it is recognised at the next start.
      await remember(place.id);
      if (place.unsaved === undefined) await files.remove(place.number);
      waiting.shift();
    },

    async bury() {
      const [place] = waiting;
      if (place === undefined) return;
      if (place.unsaved === undefined) await files.bury(place.number);
      await remember(place.id);
      waiting.shift();
    },

    async flush() {
      await lastAdd;
      for (const place of waiting) {
        if (place.unsaved === undefined) continue;
        const problem = await save(place.number, place.unsaved);
        if (problem === undefined) delete place.unsaved;
        else onTrouble({ kind: 'lost', message: `message ${place.id} is lost with this process: ${problem}` });
      }
    },

    get depth() {
      return waiting.length;
    },
  };
}
