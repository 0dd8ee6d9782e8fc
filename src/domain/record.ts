/** What the engine remembers of a target between passes and restarts; written as `<service>_<namespace>.status.json`. */
import type { Outcome } from './outcome.ts';

export const RECORD_SCHEMA = 1;

export type Phase = 'rolling-out' | Outcome;

/** One try to bring a version to the cluster. */
export interface Attempt {
  /** Unique; stands in the annotation `deployment-k8s-engine/attempt` of the Deployment it patched. */
  readonly id: string;
  readonly kind: 'deploy' | 'rollback' | 'correct-drift';
  readonly version: string;
  readonly image: string;
  readonly container: string;
  /** The image the container had before; absent when unknown. */
  readonly previousImage?: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** The Deployment's uid, and its generation as the patch returned it; absent until the patch was answered. */
  readonly uid?: string;
  readonly generation?: number;
}

/** A version whose rollout was seen to complete. */
export interface Verified {
  readonly version: string;
  readonly image: string;
  readonly container: string;
  readonly at: number;
}

/** One line of a target's recent past. */
export interface PastOutcome {
  readonly content: string;
  readonly version: string;
  readonly outcome: Outcome;
  readonly summary: string;
  readonly at: number;
}

export interface TargetRecord {
  readonly schema: typeof RECORD_SCHEMA;
  readonly phase: Phase;
  /** The dep file's first line; empty when it could not be read as one. */
  readonly version: string;
  /** SHA-256 of the dep file's bytes this record answers, hex. */
  readonly content: string;
  readonly summary: string;
  readonly evidence: readonly string[];
  readonly startedAt: number;
  /** Epoch ms; absent while the rollout runs. */
  readonly finishedAt?: number;
  /** The running attempt, or the one that led to the phase. */
  readonly attempt?: Attempt;
  readonly verified?: Verified;
  /** Newest first, at most `MAX_PAST` of them. */
  readonly past: readonly PastOutcome[];
  /** How long successful rollouts took, ms, newest first, at most ten: what is usual for this target. */
  readonly usualMs?: readonly number[];
}

export const MAX_PAST = 10;
