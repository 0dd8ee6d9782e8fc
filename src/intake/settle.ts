/**
 * Whether a dep file is finished. No event tells when a writer closes a file, so that is inferred from what it holds and
 * from how long it has been left alone. Pure: all times are arguments.
 */
import type { DepFileParse } from '../domain/dep-file.ts';
import type { FileStamp } from './file-stamp.ts';

/** One look at a file, kept until the next one. */
export interface Sighting {
  readonly stamp: FileStamp;
  /** The content, one character per byte (latin1): compact, and easy to compare byte by byte. */
  readonly bytes: string;
  /** Monotonic ms at which this state (`stamp.identity`) was first seen. */
  readonly sinceMs: number;
  /** Whether this state was taken for finished. */
  readonly settled: boolean;
}

export interface SettleInput {
  /** The look before this one, at the same name. */
  readonly previous: Sighting | undefined;
  readonly stamp: FileStamp;
  readonly bytes: string;
  readonly parsedAs: DepFileParse['kind'];
  /** Events tell that the file came by rename; needed where its times cannot, see `arrivedByRename`. */
  readonly cameWhole: boolean;
  /** The clock that `sinceMs` of the sightings is by; the times of the file are only compared with one another. */
  readonly monotonicMs: number;
  /** How long a file must be left alone when nothing else tells that it is finished. */
  readonly settleMs: number;
}

export interface Settling {
  readonly sighting: Sighting;
  /** When to look again at a file that is not settled. */
  readonly lookAgainInMs: number;
}

export function settle(input: SettleInput): Settling {
  const { previous, stamp, bytes, monotonicMs, settleMs } = input;
  const same = previous?.stamp.identity === stamp.identity;
  const sinceMs = same ? previous.sinceMs : monotonicMs;
  // By our own clock alone: the times of the file may be another machine's, which is behind or was set.
  const unchangedForMs = monotonicMs - sinceMs;
  const waitMs = input.parsedAs === 'empty' ? emptyWaitMs(unchangedForMs) : settleMs - unchangedForMs;
  const settled = input.parsedAs !== 'empty' && ((same && previous.settled) || isFinishedAtOnce(input) || waitMs <= 0);
  return { sighting: { stamp, bytes, sinceMs, settled }, lookAgainInMs: settled ? 0 : Math.max(1, Math.ceil(waitMs)) };
}

/**
 * An emptied file is usually written a moment later, before any event comes through; so looks double their distance
 * from 5 ms on. One that stays empty is left to events and the rescan, and looked at once a minute.
 */
function emptyWaitMs(emptyForMs: number): number {
  return Math.min(Math.max(emptyForMs, 5), 60_000);
}

function isFinishedAtOnce(input: SettleInput): boolean {
  const { previous, stamp, bytes } = input;
  if (input.parsedAs !== 'request') return false;
  const sameFile = previous?.stamp.inode === stamp.inode;
  // What was accepted before can be accepted again: nothing newer has been since.
  if (sameFile && previous.settled && previous.bytes === bytes) return true;
  if (!sameFile) return arrivedByRename(input) || (endsInNewline(bytes) && isNewborn(stamp, input.settleMs));
  return endsInNewline(bytes) && !mayBeOverwriting(previous, input);
}

/**
 * A write sets both times alike; a rename or a link sets only ctime, and brings a file that was finished elsewhere.
 * The clock of file times ticks every 1 to 10 ms, though: renamed in the same tick, the times are alike again.
 */
function arrivedByRename({ stamp, cameWhole }: SettleInput): boolean {
  return cameWhole || stamp.ctimeNs > stamp.mtimeNs;
}

/** A file first seen soon after its birth holds nothing older that a writer could be writing over. */
function isNewborn(stamp: FileStamp, settleMs: number): boolean {
  return stamp.birthtimeNs === 0n || toMs(stamp.ctimeNs - stamp.birthtimeNs) < settleMs;
}

/**
 * scp and `rsync --inplace` write over a file first and cut it to length later: from `v1.2.3` to `v2` it shows `v2.2.3`
 * on the way. Its end is then the end of what was there before.
 */
function mayBeOverwriting(before: Sighting, { stamp, bytes, settleMs }: SettleInput): boolean {
  const at = lastIndexBeforeNewline(bytes);
  if (stamp.size === before.stamp.size && bytes[at] === before.bytes[at]) return true;
  // Another writing was under way a moment ago, and this is not more of it: too much happens here to tell.
  const isMoreOfIt = before.settled || bytes.startsWith(before.bytes);
  return !isMoreOfIt && toMs(stamp.ctimeNs - before.stamp.ctimeNs) < settleMs;
}

function endsInNewline(bytes: string): boolean {
  return bytes.endsWith('\n');
}

function lastIndexBeforeNewline(bytes: string): number {
  return bytes.length - (bytes.endsWith('\r\n') ? 3 : 2);
}

function toMs(ns: bigint): number {
  return Number(ns) / 1e6;
}
