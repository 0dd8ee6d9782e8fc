/** How an attempt can end, and what is said about it. */

export type Outcome =
  | 'succeeded'
  | 'failed'
  | 'timed-out'
  | 'superseded'
  | 'rolled-back'
  | 'rollback-failed'
  | 'refused'
  | 'blocked'
  | 'overridden';

/** A verdict told in words: one line first, then what supports it. */
export interface Telling {
  /** One line, the same text in log, chat and status file: `web/prod 1.25.0 failed after 23 s: …`. */
  readonly summary: string;
  /** The cause alone, without target and version; empty for a success. */
  readonly cause: string;
  /** Further lines: pods, events, container logs, the next command to try. Already free of secrets. */
  readonly evidence: readonly string[];
}
