/**
 * The outbox on disk: a numbered file per entry, `sent.json` with the ids of the newest entries that are done, and
 * `dead/` for what could not be sent or read. Nothing here throws but `save`: a bad file must not stop the rest.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeErrno, errnoOf } from '../domain/errno.ts';
import type { BoundedRead, ReadBounded } from '../state/bounded-read.ts';
import type { WriteDurably } from '../state/durable.ts';
import { type OutboxEntry, parseEntry, parseSent } from './outbox-entry.ts';

/** Where an entry stands in the order; its file is named by it. */
export interface Place {
  readonly number: number;
  readonly id: string;
}

/** What earlier runs left. */
export type Remains =
  | {
      readonly kind: 'loaded';
      /** In order. */
      readonly places: readonly Place[];
      /** The ids that are done, oldest first. */
      readonly sent: readonly string[];
      /** No file has a higher number, be it damaged. */
      readonly lastNumber: number;
    }
  /** The folder may hold messages, which must not be overwritten. */
  | { readonly kind: 'unreadable'; readonly problem: string }
  /** The same, but it is likely to pass: for lack of a descriptor or memory, or of the disk or the network. */
  | { readonly kind: 'unknown'; readonly problem: string };

export type EntryRead =
  | { readonly kind: 'entry'; readonly entry: OutboxEntry }
  /** Or damaged, and set aside. */
  | { readonly kind: 'gone' }
  /** Cannot be read for now. */
  | { readonly kind: 'unknown'; readonly problem: string };

export interface OutboxFiles {
  /** Removes the entries that are done, also those of `done`. */
  load(done: readonly string[]): Promise<Remains>;
  /** @throws the error of `write` */
  save(number: number, entry: OutboxEntry): Promise<void>;
  read(number: number): Promise<EntryRead>;
  remove(number: number): Promise<void>;
  /** Keeps the file in `dead/`, for people to look at. */
  bury(number: number): Promise<void>;
  saveSent(ids: readonly string[]): Promise<void>;
}

const ENTRY = /^(\d{16})\.json$/;
const SENT = 'sent.json';
const DEAD = 'dead';
/** The oldest of more are removed. */
const MAX_DEAD = 100;
/** The words of a deployment are for the account of the engine. */
const MODE = 0o600;
/**
 * How often a file that the disk or the network does not give is waited for: the outbox tries once a second, and one
 * bad sector must not hold up the rest for ever.
 */
const MAX_WAITS = 300;
/** No waiting gives a right, or makes a folder of a file. */
const LASTING: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOTDIR']);
/** A message has at most some 10,000 characters, the list of what was sent a thousand ids. */
const MAX_BYTES = 1024 * 1024;

/** How the outbox reaches its folder. */
export interface OutboxDisk {
  /** Folder of the outbox alone; made when missing. */
  readonly dir: string;
  readonly read: ReadBounded;
  readonly write: WriteDurably;
}

export function createOutboxFiles({ dir, read, write }: OutboxDisk, onTrouble: (message: string) => void): OutboxFiles {
  const entryName = (number: number) => `${String(number).padStart(16, '0')}.json`;
  const entryPath = (number: number) => join(dir, entryName(number));
  /** How often each file that is out of reach was asked for, by path. */
  const waits = new Map<string, number>();

  /** Runs what may fail without harm; undefined and a word to `onTrouble` when it does. */
  async function attempt<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      onTrouble(`the outbox cannot ${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  /** `out-of-reach` only when there is no point in waiting any longer. */
  async function readPatiently(path: string): Promise<BoundedRead> {
    const found = await read(path, MAX_BYTES);
    const waited = waits.get(path) ?? 0;
    waits.delete(path);
    if (found.kind !== 'out-of-reach' || LASTING.has(found.problem) || waited >= MAX_WAITS) return found;
    waits.set(path, waited + 1);
    return { kind: 'unknown', problem: found.problem };
  }

  async function readEntry(number: number): Promise<EntryRead> {
    const found = await readPatiently(entryPath(number));
    if (found.kind === 'unknown') return found;
    if (found.kind === 'absent') return { kind: 'gone' };
    const entry = found.kind === 'text' ? parseEntry(found.text) : undefined;
    if (entry !== undefined) return { kind: 'entry', entry };
    onTrouble(`the outbox sets a damaged entry aside: ${join(dir, DEAD)}`);
    await bury(number);
    return { kind: 'gone' };
  }

  async function bury(number: number): Promise<void> {
    await attempt('set an entry aside', async () => {
      const graves = join(dir, DEAD);
      await mkdir(graves, { recursive: true, mode: 0o700 });
      // Numbers begin anew when the outbox was empty at a start; the time keeps older graves apart.
      await rename(entryPath(number), join(graves, `${Date.now()}-${entryName(number)}`));
      const names = (await readdir(graves)).sort();
      for (const name of names.slice(0, Math.max(0, names.length - MAX_DEAD))) await rm(join(graves, name));
    });
  }

  /**
   * Makes the folder again that is gone, and the one above it only: where the watched directory itself is away, another
   * one in its place would be in the way of its return. Throws the reason, or `error` when the folder was not gone.
   */
  async function makeAgain(error: unknown): Promise<void> {
    try {
      await mkdir(dirname(dir), { mode: 0o700 }).catch(unlessThere);
      await mkdir(dir, { mode: 0o700 });
    } catch (reason) {
      const code = errnoOf(reason);
      throw code === 'EEXIST' || code === 'ENOENT' ? error : new Error(describeErrno(reason), { cause: error });
    }
  }

  async function remove(number: number): Promise<void> {
    await attempt('remove an entry', () => rm(entryPath(number), { force: true }));
  }

  async function load(done: readonly string[]): Promise<Remains> {
    // Whatever prevents this prevents the first save, which tells it.
    await mkdir(dir, { recursive: true, mode: 0o700 }).catch(() => undefined);
    const note = await readPatiently(join(dir, SENT));
    if (note.kind === 'unknown') return note;
    const listed = await listNames();
    if (listed.kind === 'unreadable') return listed;
    const sent = note.kind === 'absent' ? [] : note.kind === 'text' ? parseSent(note.text) : undefined;
    const loaded = await readEntries(listed.names, new Set([...(sent ?? []), ...done]));
    if (loaded.kind === 'unknown') return loaded;
    if (sent === undefined) onTrouble('the outbox cannot read what was sent before; a message may be told twice');
    return { ...loaded, sent: sent ?? [] };
  }

  async function listNames() {
    try {
      return { kind: 'names', names: (await readdir(dir)).sort() } as const;
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT') return { kind: 'names', names: [] } as const;
      return { kind: 'unreadable', problem: code === undefined ? String(error) : describeErrno(error) } as const;
    }
  }

  async function readEntries(names: readonly string[], done: ReadonlySet<string>) {
    const places: Place[] = [];
    let lastNumber = 0;
    for (const name of names) {
      // Writes that were cut short; the folder is the outbox's own.
      if (name.startsWith('.') && name.endsWith('.tmp')) await attempt('tidy up', () => rm(join(dir, name)));
      const number = Number(ENTRY.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) continue;
      lastNumber = number;
      const found = await readEntry(number);
      if (found.kind === 'unknown') return found;
      if (found.kind === 'gone') continue;
      // Killed between the note that it was sent and its removal.
      if (done.has(found.entry.id)) await remove(number);
      else places.push({ number, id: found.entry.id });
    }
    return { kind: 'loaded', places, lastNumber } as const;
  }

  return {
    load,
    async save(number, entry) {
      const text = `${JSON.stringify(entry)}\n`;
      try {
        await write(entryPath(number), text, MODE);
      } catch (error) {
        // Somebody tidied up the folder while we ran.
        await makeAgain(error);
        await write(entryPath(number), text, MODE);
      }
    },
    read: readEntry,
    remove,
    bury,
    async saveSent(ids) {
      await attempt('note what was sent', () => write(join(dir, SENT), `${JSON.stringify(ids)}\n`, MODE));
    },
  };
}

function unlessThere(error: unknown): void {
  if (errnoOf(error) !== 'EEXIST') throw error;
}
