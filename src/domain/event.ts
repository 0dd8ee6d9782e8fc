/** Everything the engine tells: one type, handed to every sink by `report`. */
import type { Outcome } from './outcome.ts';

export type EngineEvent = TargetEvent | EngineStateEvent;

/** Something that happened to one target and concerns its people. */
export interface TargetEvent {
  readonly kind: 'target';
  /** The same for repeats of the same fact: a sink tells each id at most once. */
  readonly id: string;
  /**
   * `started` goes to the log only; `recovered` is a success noticed after a failure was told; `stalled` is a change
   * that the API server does not take for now, or a rollout that is paused.
   */
  readonly what: Outcome | 'started' | 'progress' | 'stalled' | 'recovered' | 'crashed-later' | 'drifted' | 'flapping';
  readonly service: string;
  /** Empty for a misnamed file: then `service` is the file's base name. */
  readonly namespace: string;
  readonly version: string;
  readonly image: string;
  /** One line, the same text in log, chat and status file: `web/prod 1.25.0 failed after 23 s: …`. */
  readonly summary: string;
  /** The cause alone, without target and version; empty for a success with nothing to add. */
  readonly cause: string;
  /** Further lines: pods, events, container logs, the next command to try. Already free of secrets. */
  readonly evidence: readonly string[];
  /** Epoch ms. */
  readonly at: number;
}

/** Something about the engine's surroundings; told when it begins, when its reason changes and when it ends. */
export interface EngineStateEvent {
  readonly kind: 'engine';
  readonly id: string;
  readonly what:
    | 'cluster-unreachable'
    | 'cluster-reachable'
    | 'directory-degraded'
    | 'directory-recovered'
    | 'state-unsaved'
    | 'state-saved';
  readonly summary: string;
  readonly at: number;
}
