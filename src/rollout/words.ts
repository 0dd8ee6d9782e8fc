/** The one line that is told of an outcome: the same text in log, chat and status file. */
import type { Outcome } from '../domain/outcome.ts';
import { oneLine } from '../domain/printable.ts';

/** A refused file may hold anything as its version. */
const MOST_OF_A_VERSION = 128;

const SAID: Record<Outcome, string> = {
  succeeded: 'succeeded',
  failed: 'failed',
  'timed-out': 'timed out',
  superseded: 'superseded',
  'rolled-back': 'rolled back',
  'rollback-failed': 'rollback failed',
  refused: 'refused',
  blocked: 'blocked',
  overridden: 'overridden',
};

/**
 * E.g. `web/prod 1.25.0 failed after 23 s: container app exits 1 (3 restarts)`.
 *
 * @param subject the target, `web/prod`, or the name of a misnamed file
 * @param version empty when the file holds none
 * @param elapsedMs left out where a duration says nothing
 */
export function summaryLine(
  subject: string,
  version: string,
  outcome: Outcome,
  cause: string,
  elapsedMs?: number,
): string {
  const what = version === '' ? subject : `${subject} ${oneLine(version, MOST_OF_A_VERSION)}`;
  const after = elapsedMs === undefined ? '' : ` after ${formatDuration(elapsedMs)}`;
  return `${what} ${SAID[outcome]}${after}${cause === '' ? '' : `: ${cause}`}`;
}

/** For people: `0.4 s`, `23 s`, `4 min`, `4 min 10 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
