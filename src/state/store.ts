/** The engine's files beside the dep files: what it remembers (`.status.json`) and what it last completed (`.last`). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetRecord } from '../domain/record.ts';
import { keyOfFileName, type TargetKey } from '../domain/target.ts';
import { readBounded } from './bounded-read.ts';
import { removeTemporaries, writeDurably } from './durable.ts';
import { encodeRecord, parseRecord } from './record-codec.ts';

export interface StateStore {
  /**
   * Undefined when there is none, and, after a word to `onProblem`, when it is empty, damaged or unreadable: then the
   * cluster is asked what is true.
   *
   * @throws UnknownStateError
   */
  readRecord(key: TargetKey): Promise<TargetRecord | undefined>;
  /** The targets that have a record; none when the directory cannot be read. */
  recordedKeys(): Promise<readonly TargetKey[]>;
  /** @throws WriteError; the former record is then still there */
  writeRecord(key: TargetKey, record: TargetRecord): Promise<void>;
  /** The version whose rollout completed last, trimmed; undefined as for `readRecord`. */
  readLast(key: TargetKey): Promise<string | undefined>;
  /** @throws WriteError */
  writeLast(key: TargetKey, version: string): Promise<void>;
  /** Removes leftovers of writes that were cut short, of this engine only; at start, while holding the lock. */
  removeTemporaries(): Promise<void>;
}

/** A status file that could not be used. */
export interface StateProblem {
  readonly path: string;
  /** One line, with the path and what follows from it. */
  readonly message: string;
}

/**
 * A state file is there, or may be, and cannot be read now, or only by a newer engine; told to `onProblem`, and to be
 * tried again. Going on as if there were none would repeat what is done.
 */
export class UnknownStateError extends Error {
  override readonly name = 'UnknownStateError';
}

const ONLY_NEWER = 'which only a newer engine understands: its target waits; run that engine, or move the file away';

const RECORD = '.status.json';
const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_LAST_BYTES = 4096;

export function createStateStore(dir: string, onProblem: (problem: StateProblem) => void): StateStore {
  // The key is a base name without its extension, so a `.dep` elsewhere in the path or the name stays what it is.
  const recordPath = (key: TargetKey) => join(dir, `${key}${RECORD}`);
  const lastPath = (key: TargetKey) => join(dir, `${key}.last`);
  /** Paths that could not be read when they were last tried. */
  const unread = new Set<string>();

  async function readText(path: string, maxBytes: number): Promise<string | undefined> {
    const read = await readBounded(path, maxBytes);
    if (read.kind === 'unreadable') return ignore(path, read.problem);
    if (read.kind === 'unknown' || read.kind === 'out-of-reach')
      throw unknown(path, `${path} cannot be read now (${read.problem}); its target waits until it can`);
    if (read.kind === 'text') return read.text;
    unread.delete(path);
    return undefined;
  }

  /** Told once until the file can be read: it is met again at each try. */
  function unknown(path: string, message: string): UnknownStateError {
    if (!unread.has(path)) onProblem({ path, message });
    unread.add(path);
    return new UnknownStateError(message);
  }

  function ignore(path: string, problem: string): undefined {
    unread.delete(path);
    onProblem({ path, message: `${path} is ignored, the cluster decides: ${problem}` });
    return undefined;
  }

  return {
    async readRecord(key) {
      const path = recordPath(key);
      const json = await readText(path, MAX_RECORD_BYTES);
      if (json === undefined) return undefined;
      const parsed = parseRecord(json);
      if (parsed.kind === 'newer') throw unknown(path, `${path} has schema ${parsed.schema}, ${ONLY_NEWER}`);
      unread.delete(path);
      return parsed.kind === 'record' ? parsed.record : ignore(path, parsed.problem);
    },

    async recordedKeys() {
      const names = await readdir(dir).catch(() => []);
      return names.flatMap((name) => {
        const key = name.endsWith(RECORD) ? keyOfFileName(`${name.slice(0, -RECORD.length)}.dep`) : undefined;
        return key === undefined ? [] : [key];
      });
    },

    writeRecord: (key, record) => writeDurably(recordPath(key), encodeRecord(key, record)),

    async readLast(key) {
      const path = lastPath(key);
      const version = (await readText(path, MAX_LAST_BYTES))?.trim();
      unread.delete(path);
      if (version === undefined) return undefined;
      // A power cut under an in-place writer leaves an empty file or one full of zero bytes.
      if (version === '') return ignore(path, 'it is empty');
      if (/\p{Cc}/u.test(version)) return ignore(path, 'it holds more than one line of text');
      return version;
    },

    writeLast: (key, version) => writeDurably(lastPath(key), version),

    removeTemporaries: () => removeTemporaries(dir),
  };
}
