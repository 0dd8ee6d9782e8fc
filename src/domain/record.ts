/** What the engine remembers of a target between passes and restarts; written as `<service>_<namespace>.status.json`. */
import type { TargetEvent } from './event.ts';
import type { Outcome } from './outcome.ts';

export const RECORD_SCHEMA = 1;

export type Phase = 'rolling-out' | Outcome;

/**
 * What keeps a target from being deployed until somebody outside changes it. It is told once; the target is deployed by
 * itself when the obstacle is gone.
 */
export type Block = 'no-deployment' | 'namespace-terminating' | 'paused' | 'forbidden';

/**
 * An attempt to bring a version to the cluster whose patch is about to be sent, or was sent and never answered. An
 * `Attempt` is one too, with more known about it: rules that need no more take either.
 */
export interface PendingAttempt {
  /** Unique; stands in the annotation `deployment-k8s-engine/attempt` of the Deployment it patched. */
  readonly id: string;
  readonly kind: 'deploy' | 'rollback' | 'correct-drift';
  /** SHA-256 of the dep file's bytes that asked for it, hex. */
  readonly content: string;
  readonly version: string;
  readonly image: string;
  readonly container: string;
  /** The image the container had before; absent when unknown. */
  readonly previousImage?: string;
  /** The same, unless that never ran well either: what a rollback puts back into this container. */
  readonly wayBack?: string;
  /** When its patch was sent last, epoch ms. */
  readonly startedAt: number;
}

/** An attempt whose patch was accepted: its rollout runs, or has ended. */
export interface Attempt extends PendingAttempt {
  /** The Deployment's uid, and its generation as the patch returned it. */
  readonly uid: string;
  readonly generation: number;
  /** The image the server answered with: admission may have rewritten ours, e.g. a tag to a digest. */
  readonly appliedImage?: string;
  /** The number of the ReplicaSet it ended with. */
  readonly revision?: number;
  /** It was told that the rollout waits for the end of a pause: not to be told again. */
  readonly toldHeld?: boolean;
  /** It was told that the rollout takes longer than usual: not to be told again. */
  readonly toldSlow?: boolean;
  /** Epoch ms; absent while the rollout runs. */
  readonly endedAt?: number;
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

/** Changes made outside, counted to notice two writers that fight. */
export interface Drift {
  /** The image that was told of; absent when the change is over, so that the same one counts as another. */
  readonly image?: string;
  /** Epoch ms, oldest first. */
  readonly seenAt: readonly number[];
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
  /** The newest attempt whose patch was accepted. Its content may be an older one: a refused file ends no rollout. */
  readonly attempt?: Attempt;
  /** A newer one. The rollout of `attempt` goes on, and is superseded only when the patch of this one is accepted. */
  readonly pending?: PendingAttempt;
  /** The last version whose rollout was seen to complete: where a rollback goes. */
  readonly verified?: Verified;
  /** The one before, of another image: the way back when `verified` crashes after its success. */
  readonly verifiedBefore?: Verified;
  /** What a blocked target waits for. */
  readonly blockedBy?: Block;
  /** A crash after the success was told: not to be told again. */
  readonly crashedLater?: boolean;
  readonly drift?: Drift;
  /** Recorded, and not yet known to have been told; only seen after a crash in that moment. */
  readonly untold?: TargetEvent;
  /** Newest first, at most `MAX_PAST` of them. */
  readonly past: readonly PastOutcome[];
  /** How long successful rollouts took, ms, newest first, at most ten: what is usual for this target. */
  readonly usualMs?: readonly number[];
}

export const MAX_PAST = 10;
