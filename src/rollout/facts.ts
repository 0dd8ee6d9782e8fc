/** What a rollout is judged by. */
import type { Attempt } from '../domain/record.ts';
import type { DeploymentView, PodView, ReplicaSetView } from '../domain/workload.ts';

/** What is known of a rollout beside the Deployment. Empty where a right is missing. */
export interface RolloutLook {
  readonly replicaSets: readonly ReplicaSetView[];
  readonly pods: readonly PodView[];
}

export interface RolloutFacts {
  readonly deployment: DeploymentView;
  readonly look: RolloutLook;
  readonly attempt: Attempt;
  /** Since the attempt began, ms, not counting time on hold. */
  readonly elapsedMs: number;
  /** For how long it has made no progress, ms; not counting time on hold, or before a restart of this program. */
  readonly idleMs: number;
  /** For how long we have been able to look since then, ms. */
  readonly watchedMs: number;
  /** For how long the Deployment has been complete without a break, ms. */
  readonly completeForMs: number;
  /** How long ago a sign was first seen, ms; 0 for a new one. */
  readonly ageOf: (signId: string) => number;
}
