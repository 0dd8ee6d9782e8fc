/**
 * The outbox on disk: a numbered file per entry, `sent.json` with the ids of the newest entries that are done, and
 * `dead/` for what could not be sent or read. Nothing here throws but `save`: a bad file must not stop the rest.
 */
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WriteDurably } from '../state/durable.ts';

export interface OutboxEntry {
  readonly id: string;
  readonly payload: unknown;
}

/** Where an entry stands in the order; its file is named by it. */
export interface Place {
  readonly number: number;
  readonly id: string;
}

export interface OutboxFiles {
  /** What earlier runs left: the entries in order, and the ids that are done, oldest first. */
  load(): Promise<{ readonly places: readonly Place[]; readonly sent: readonly string[] }>;
  /** @throws the error of `write` */
  save(number: number, entry: OutboxEntry): Promise<void>;
  /** Undefined when the file is gone or damaged; a damaged one has then been set aside. */
  read(number: number): Promise<OutboxEntry | undefined>;
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

export function createOutboxFiles(dir: string, write: WriteDurably, onTrouble: (message: string) => void): OutboxFiles {
  const entryName = (number: number) => `${String(number).padStart(16, '0')}.json`;
  const entryPath = (number: number) => join(dir, entryName(number));

  /** Runs what may fail without harm; undefined and a word to `onTrouble` when it does. */
  async function attempt<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      onTrouble(`the outbox cannot ${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  async function readEntry(number: number): Promise<OutboxEntry | undefined> {
    const json = await attempt('read an entry', () => readFile(entryPath(number), 'utf8'));
    if (json === undefined) return undefined;
    const entry = parseEntry(json);
    if (entry === undefined) {
      onTrouble(`the outbox sets a damaged entry aside: ${join(dir, DEAD)}`);
      await bury(number);
    }
    return entry;
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
   * Whether the folder was gone and is there again. Only it and the one above it are made: where the watched directory
   * itself is away, another one in its place would be in the way of its return.
   */
  async function makeAgain(): Promise<boolean> {
    try {
      await mkdir(dirname(dir), { mode: 0o700 }).catch(unlessThere);
      await mkdir(dir, { mode: 0o700 });
      return true;
    } catch {
      return false;
    }
  }

  async function readSent(): Promise<readonly string[]> {
    const json = await readFile(join(dir, SENT), 'utf8').catch(() => '[]');
    const ids = parseSent(json);
    if (ids === undefined) onTrouble('the outbox cannot read what was sent before; a message may be told twice');
    return ids ?? [];
  }

  async function remove(number: number): Promise<void> {
    await attempt('remove an entry', () => rm(entryPath(number), { force: true }));
  }

  async function load() {
    const sent = await readSent();
    const done = new Set(sent);
    const places: Place[] = [];
    for (const name of (await readdir(dir)).sort()) {
      // Writes that were cut short; the folder is the outbox's own.
      if (name.startsWith('.') && name.endsWith('.tmp')) await attempt('tidy up', () => rm(join(dir, name)));
      const number = Number(ENTRY.exec(name)?.[1] ?? Number.NaN);
      const entry = Number.isNaN(number) ? undefined : await readEntry(number);
      if (entry === undefined) continue;
      // Killed between the note that it was sent and its removal.
      if (done.has(entry.id)) await remove(number);
      else places.push({ number, id: entry.id });
    }
    return { places, sent };
  }

  return {
    async load() {
      const loaded = await attempt('open its folder', async () => {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        return load();
      });
      return loaded ?? { places: [], sent: [] };
    },
    async save(number, entry) {
      const text = `${JSON.stringify(entry)}\n`;
      try {
        await write(entryPath(number), text, MODE);
      } catch (error) {
        // Somebody tidied up the folder while we ran.
        if (!(await makeAgain())) throw error;
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
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}

function parseEntry(json: string): OutboxEntry | undefined {
  const value = parseJson(json);
  if (typeof value !== 'object' || value === null || !('id' in value) || !('payload' in value)) return undefined;
  return typeof value.id === 'string' ? { id: value.id, payload: value.payload } : undefined;
}

function parseSent(json: string): string[] | undefined {
  const value = parseJson(json);
  return Array.isArray(value) && value.every((id) => typeof id === 'string') ? value : undefined;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
