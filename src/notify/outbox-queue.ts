/** The entries of the outbox in order, each id at most once, on disk and in memory at the same time. */
import type { OutboxEntry } from './outbox-entry.ts';
import type { OutboxFiles, Remains } from './outbox-files.ts';

export interface QueueTrouble {
  readonly kind: 'not-saved' | 'overflow' | 'lost' | 'files';
  readonly message: string;
}

export type First =
  | { readonly kind: 'entry'; readonly entry: OutboxEntry }
  | { readonly kind: 'none' }
  /** There may be one that cannot be read for now. */
  | { readonly kind: 'unknown' };

export interface OutboxQueue {
  /**
   * Takes over what earlier runs left. Everything else here does so first; where the folder cannot be read it is tried
   * again each time, and until then nothing is written to it: it may hold what nobody was told yet.
   */
  load(): Promise<unknown>;
  /** False when the id is known: waiting, or done not too long ago. Adds happen in the order of the calls. */
  add(entry: OutboxEntry): Promise<boolean>;
  /** The oldest entry. */
  first(): Promise<First>;
  /** The entry is delivered. */
  finish(id: string): Promise<void>;
  /** The entry can never be delivered; its file is kept apart. */
  bury(id: string): Promise<void>;
  /** Tries again to save what waits in memory only; what then is not on disk is told as lost. */
  flush(): Promise<void>;
  /** Entries that wait, on disk or in memory; one that is being finished still counts. */
  readonly depth: number;
}

interface Waiting {
  number: number;
  readonly id: string;
  /** Held here only while it is not on disk. */
  unsaved?: OutboxEntry;
}

/** How many ids that are done are remembered. */
const SENT_MEMORY = 1000;
/** With more waiting, the oldest are set aside: a hook that is gone for good must not fill the disk. */
const MAX_DEPTH = 10_000;

export function createOutboxQueue(files: OutboxFiles, onTrouble: (trouble: QueueTrouble) => void): OutboxQueue {
  let waiting: Waiting[] = [];
  let sent: string[] = [];
  /** The ids of both. */
  const known = new Set<string>();
  let nextNumber = 1;
  let loading: Promise<Remains['kind']> | undefined;
  /** Why the folder could not be read; undefined when it was. */
  let unread: string | undefined = 'it was not read yet';
  let toldUnread: string | undefined;
  let lastAdd: Promise<unknown> = Promise.resolve();

  function load(): Promise<Remains['kind']> {
    loading ??= readFiles();
    return loading;
  }

  async function readFiles(): Promise<Remains['kind']> {
    const remains = await files.load(sent);
    if (remains.kind === 'loaded') {
      takeOver(remains);
      await saveRest(() => undefined);
    } else {
      loading = undefined;
      unread = remains.problem;
      tellUnread(`the outbox cannot be read (${unread})`);
    }
    return remains.kind;
  }

  /** What came while the folder could not be read goes behind what was there. */
  function takeOver(remains: Extract<Remains, { kind: 'loaded' }>): void {
    const older = new Set([...remains.sent, ...remains.places.map(({ id }) => id)]);
    const newer = waiting.filter(({ id }) => !older.has(id));
    for (const place of newer) place.number += remains.lastNumber;
    nextNumber += remains.lastNumber;
    waiting = [...remains.places.map(({ number, id }) => ({ number, id })), ...newer];
    sent = [...remains.sent, ...sent];
    for (const id of older) known.add(id);
    unread = undefined;
  }

  /** Once per problem: it is met again at each try. */
  function tellUnread(message: string): void {
    if (message !== toldUnread) onTrouble({ kind: 'files', message });
    toldUnread = message;
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

  /** What hindered it; undefined when the entry is on disk. */
  async function save(number: number, entry: OutboxEntry): Promise<string | undefined> {
    if (unread !== undefined) return `the outbox cannot be read (${unread})`;
    try {
      await files.save(number, entry);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Tries to save what waits in memory only. */
  async function saveRest(onFailure: (place: Waiting, problem: string) => void): Promise<void> {
    for (const place of waiting) {
      if (place.unsaved === undefined) continue;
      const problem = await save(place.number, place.unsaved);
      if (problem === undefined) delete place.unsaved;
      else onFailure(place, problem);
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
    if (unread === undefined) await files.saveSent(sent);
  }

  function drop(place: Waiting): void {
    waiting = waiting.filter((other) => other !== place);
  }

  return {
    load,

    add(entry) {
      const added = lastAdd.then(() => append(entry));
      lastAdd = added;
      return added;
    },

    async first() {
      const folder = await load();
      if (folder === 'unknown') return { kind: 'unknown' };
      for (let place = waiting[0]; place !== undefined; place = waiting[0]) {
        if (place.unsaved !== undefined) return { kind: 'entry', entry: place.unsaved };
        const read = await files.read(place.number);
        if (read.kind === 'entry') return read;
        if (read.kind === 'unknown') {
          tellUnread(`message ${place.id} cannot be read (${read.problem})`);
          return { kind: 'unknown' };
        }
        drop(place);
        onTrouble({ kind: 'lost', message: `message ${place.id} is lost: its file is gone or damaged` });
      }
      return { kind: folder === 'loaded' ? 'none' : 'unknown' };
    },

    async finish(id) {
      const place = waiting.find((other) => other.id === id);
      if (place === undefined) return;
      // Noted before it is removed: killed in between, it is recognised at the next start.
      await remember(id);
      if (place.unsaved === undefined) await files.remove(place.number);
      drop(place);
    },

    async bury(id) {
      const place = waiting.find((other) => other.id === id);
      if (place === undefined) return;
      if (place.unsaved === undefined) await files.bury(place.number);
      await remember(id);
      drop(place);
    },

    async flush() {
      await lastAdd;
      // One that was never begun leaves the folder alone: it may be another engine's.
      if (waiting.some(({ unsaved }) => unsaved !== undefined)) await load();
      await saveRest(({ id }, problem) =>
        onTrouble({ kind: 'lost', message: `message ${id} is lost with this process: ${problem}` }),
      );
    },

    get depth() {
      return waiting.length;
    },
  };
}
