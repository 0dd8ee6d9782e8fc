/** What a pass sees, and what it can decide: the two sides of `decide`. */
import type { JsonPatchOperation } from '../cluster/cluster.ts';
import type { ApiError } from '../domain/api-error.ts';
import type { DepLook } from '../domain/dep-look.ts';
import type { TargetEvent } from '../domain/event.ts';
import type { PendingAttempt, TargetRecord } from '../domain/record.ts';
import type { Target, TargetKey } from '../domain/target.ts';
import type { DeploymentView } from '../domain/workload.ts';
import type { RolloutLook } from '../rollout/facts.ts';
import type { FailureSign } from '../rollout/failure-signs.ts';
import type { Order } from './order.ts';
import type { Policy } from './policy.ts';

export type ClusterLook =
  /** The pass did not need the cluster, or what the watch knows was not enough to say anything. */
  | { readonly kind: 'unseen' }
  /** `fresh`: from a GET of this pass, so a patch may be fenced with it; otherwise from the watch. */
  | {
      readonly kind: 'deployment';
      readonly deployment: DeploymentView;
      readonly look: RolloutLook;
      readonly fresh: boolean;
    }
  | { readonly kind: 'no-deployment'; readonly namespace: 'present' | 'missing' | 'terminating' | 'unknown' }
  | { readonly kind: 'error'; readonly error: ApiError };

export interface Observation {
  readonly key: TargetKey;
  /** Undefined when the file is misnamed; then `desired` is refused. */
  readonly target: Target | undefined;
  readonly desired: DepLook;
  /** The content of `.last`. */
  readonly last: string | undefined;
  readonly cluster: ClusterLook;
  /** Since the running attempt began, ms, by a clock that never goes back and not counting time on hold. */
  readonly elapsedMs: number;
  /** For how long the rollout has made no progress, ms, by the same clock. */
  readonly idleMs: number;
  /** For how long we have been able to look since then, ms: less after a restart, or when the API was away. */
  readonly watchedMs: number;
  /** How long ago a sign against the rollout was first seen, ms. */
  readonly ageOf: (signId: string) => number;
  /** For how long the rollout has been complete without a break, ms. */
  readonly completeForMs: number;
}

/** What one decision is made from; handed on as `of`: a decision of this case. */
export interface Case {
  readonly observation: Observation;
  /** What is remembered of the target; undefined for one never seen. */
  readonly record: TargetRecord | undefined;
  readonly policy: Policy;
  readonly moment: Moment;
}

/** The case of a version that is to be brought to the cluster. */
export interface OrderCase extends Case {
  readonly order: Order;
}

/** The case of a target that is remembered. */
export type Remembered<T extends Case = Case> = T & { readonly record: TargetRecord };

export interface Moment {
  /** Epoch ms. */
  readonly now: number;
  /** An id for a new attempt. */
  readonly newId: string;
}

export type Decision =
  /** Concluded, nothing to do until something changes. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'wait'; readonly lookAgainInMs: number; readonly detail: string }
  /** A passing fault: look again with growing delays. */
  | { readonly kind: 'retry'; readonly error: ApiError }
  /** The Deployment must be read by GET before anything can be decided. */
  | { readonly kind: 'look-fresh' }
  /** Write the record and say nothing. */
  | { readonly kind: 'remember'; readonly record: TargetRecord; readonly lookAgainInMs?: number }
  | {
      readonly kind: 'patch';
      /** To be written before the patch is sent. */
      readonly record: TargetRecord;
      /** The attempt that is sent: the record's own `pending`. */
      readonly pending: PendingAttempt;
      readonly patch: readonly JsonPatchOperation[];
      /** The end of an older attempt that was not answered and is given up for this one. */
      readonly givenUp?: TargetEvent;
    }
  | { readonly kind: 'create-namespace'; readonly namespace: string; readonly conclude: Conclusion }
  | Conclusion;

export interface Conclusion {
  readonly kind: 'conclude';
  readonly record: TargetRecord;
  readonly event: TargetEvent;
  /** What `.last` is to hold; absent when it stays. */
  readonly last?: string;
  /** What the evidence is gathered about. */
  readonly signs: readonly FailureSign[];
}
