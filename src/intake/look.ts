/** What can be said of one dep file now. */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { MAX_DEP_FILE_BYTES, parseDepFile } from '../domain/dep-file.ts';
import type { DepLook } from '../domain/dep-look.ts';
import { DEP_EXTENSION, type TargetKey } from '../domain/target.ts';
import type { Arrivals } from './arrivals.ts';
import type { FileStamp } from './file-stamp.ts';
import { createGate } from './gate.ts';
import { type Sighting, settle } from './settle.ts';
import { type FileReading, readStable } from './stable-read.ts';
import { createUnreadableFiles, type UnreadableFiles } from './unreadable-files.ts';

export interface Looker {
  /** Reads the file now. Calls for one key take turns. */
  look(key: TargetKey): Promise<DepLook>;
  /** The state of the file at the last look, if it was finished then. */
  settledIdentity(key: TargetKey): string | undefined;
  /** Drops what is remembered of a file that is gone. */
  forget(key: TargetKey): void;
  readonly unreadable: UnreadableFiles;
}

/** Few on purpose: libuv has four threads for all file work of the process. */
const READS_AT_ONCE = 8;
const CHANGED_LOOK_AGAIN_MS = 5;

export function createLooker(options: {
  readonly dir: string;
  readonly settleMs: number;
  readonly rescanMs: number;
  readonly clock: Clock;
  readonly arrivals: Arrivals;
}): Looker {
  const { dir, settleMs, rescanMs, clock, arrivals } = options;
  const sightings = new Map<TargetKey, Sighting>();
  const turns = new Map<TargetKey, Promise<DepLook>>();
  const gate = createGate(READS_AT_ONCE);
  const unreadable = createUnreadableFiles(clock);

  async function lookNow(key: TargetKey): Promise<DepLook> {
    const hasAppeared = arrivals.hasAppeared(key);
    const reading = await gate.run(() => readStable(dir, key + DEP_EXTENSION));
    unreadable.note(key, reading.kind === 'unreadable' ? reading.problem : undefined);
    switch (reading.kind) {
      case 'absent':
        sightings.delete(key);
        return reading;
      case 'changed':
        return { kind: 'not-ready', lookAgainInMs: CHANGED_LOOK_AGAIN_MS };
      case 'unreadable':
        return { ...reading, lookAgainInMs: rescanMs };
      case 'special':
        sightings.delete(key);
        return { kind: 'refused', content: reading.id, problem: reading.problem };
      case 'file':
        return judge(key, reading, hasAppeared && !reading.isLinked && (await arrivals.cameWhole(key)));
      default:
        return reading satisfies never;
    }
  }

  function judge(key: TargetKey, { stamp, bytes }: FileReading, cameWhole: boolean): DepLook {
    const parse = bytes === undefined ? tooLarge(stamp) : parseDepFile(bytes);
    const { sighting, lookAgainInMs } = settle({
      previous: sightings.get(key),
      stamp,
      bytes: bytes?.toString('latin1') ?? '',
      parsedAs: parse.kind,
      cameWhole,
      monotonicMs: clock.monotonic(),
      settleMs,
    });
    sightings.set(key, sighting);
    if (!sighting.settled || parse.kind === 'empty') return { kind: 'not-ready', lookAgainInMs };
    const content = sha256(bytes ?? `${stamp.inode}:${stamp.size}:${stamp.mtimeNs}`);
    if (parse.kind === 'request') return { kind: 'wanted', content, request: parse.request };
    const { line, problem } = parse;
    return { kind: 'refused', content, problem, ...(line === undefined ? {} : { line }) };
  }

  return {
    look(key) {
      const now = () => lookNow(key);
      const turn = (turns.get(key) ?? Promise.resolve()).then(now, now);
      turns.set(key, turn);
      const leave = () => {
        if (turns.get(key) === turn) turns.delete(key);
      };
      turn.then(leave, leave);
      return turn;
    },
    settledIdentity(key) {
      const sighting = sightings.get(key);
      return sighting?.settled ? sighting.stamp.identity : undefined;
    },
    forget(key) {
      sightings.delete(key);
      unreadable.note(key, undefined);
    },
    unreadable,
  };
}

function tooLarge({ size }: FileStamp): { kind: 'malformed'; line?: number; problem: string } {
  const problem = `${size} bytes long; a dep file holds one version and at most ${MAX_DEP_FILE_BYTES} bytes`;
  return { kind: 'malformed', problem };
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
