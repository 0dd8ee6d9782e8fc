/** Whether a rollout is over, and how it went. Pure: the pass brings the facts and the elapsed times. */
import type { Attempt } from '../domain/record.ts';
import type { DeploymentView, PodView, ReplicaSetView } from '../domain/workload.ts';
import { type FailureSign, failureSigns } from './failure-signs.ts';
import { progressOf } from './progress.ts';

/** What is known of a rollout beside the Deployment. Empty where a right is missing. */
export interface RolloutLook {
  readonly replicaSets: readonly ReplicaSetView[];
  readonly pods: readonly PodView[];
}

export interface JudgePolicy {
  /** How long a sign of severity `strikes` must last, ms. */
  readonly graceMs: number;
  /** `ROLLOUT_TIMEOUT`, ms; undefined when the operator did not set it. */
  readonly timeoutMs: number | undefined;
}

export interface RolloutFacts {
  readonly deployment: DeploymentView;
  readonly look: RolloutLook;
  readonly attempt: Attempt;
  /** Since the attempt began, ms, not counting time on hold. */
  readonly elapsedMs: number;
  /** How long ago a sign was first seen, ms; 0 for a new one. */
  readonly ageOf: (signId: string) => number;
}

export type Verdict =
  | { readonly kind: 'succeeded'; readonly note: string }
  | { readonly kind: 'running'; readonly detail: string; readonly lookAgainInMs: number }
  /** `spec.paused`: no clock runs. */
  | { readonly kind: 'held' }
  | { readonly kind: 'failed'; readonly cause: string; readonly signs: readonly FailureSign[] }
  | { readonly kind: 'timed-out'; readonly cause: string; readonly signs: readonly FailureSign[] }
  /** Somebody else changed the image of our container. */
  | { readonly kind: 'overridden'; readonly image: string; readonly by: string };

/** The original's limit, for a Deployment that sets none of its own. */
const DEFAULT_TIMEOUT_MS = 240_000;
/** The API server's default deadline: a Deployment that has it was not given one on purpose. */
const DEFAULT_PROGRESS_DEADLINE_S = 600;
/** Our limit is a little later than the controller's, so that its condition is the one that is told. */
const DEADLINE_SLACK_MS = 10_000;
const SOON_MS = 1_000;

export function judge(facts: RolloutFacts, policy: JudgePolicy): Verdict {
  const { deployment, attempt, elapsedMs } = facts;
  const container = deployment.containers.find((candidate) => candidate.name === attempt.container);
  const wanted = attempt.appliedImage ?? attempt.image;
  if (container?.image !== wanted) {
    return { kind: 'overridden', image: container?.image ?? '', by: deployment.templateManager ?? 'another client' };
  }
  const timeoutMs = rolloutTimeoutMs(deployment, policy);
  const progress = progressOf(deployment);
  // Counters of a generation before our patch describe the rollout before ours.
  if (progress.kind === 'unobserved' || deployment.generation < (attempt.generation ?? 0)) {
    const detail = 'the Deployment controller has not looked at the change yet';
    if (elapsedMs >= timeoutMs) return { kind: 'timed-out', cause: detail, signs: [] };
    return { kind: 'running', detail, lookAgainInMs: timeoutMs - elapsedMs };
  }
  const replicaSet = newReplicaSet(facts, wanted);
  if (progress.kind === 'complete' && (facts.look.replicaSets.length === 0 || replicaSet !== undefined)) {
    return { kind: 'succeeded', note: deployment.replicas === 0 ? '0 replicas: nothing to verify' : '' };
  }
  if (deployment.paused) return { kind: 'held' };
  const detail = progress.kind === 'complete' ? 'the new ReplicaSet is not there yet' : progress.detail;
  return judgeSigns(facts, policy, { replicaSet, detail, timeoutMs });
}

function judgeSigns(
  facts: RolloutFacts,
  policy: JudgePolicy,
  state: { readonly replicaSet: ReplicaSetView | undefined; readonly detail: string; readonly timeoutMs: number },
): Verdict {
  const { deployment, look, elapsedMs } = facts;
  const { replicaSet, detail, timeoutMs } = state;
  const pods = newPods(look, replicaSet);
  const signs = failureSigns(deployment, replicaSet, pods);
  const leftMs = new Map(signs.map((sign) => [sign, graceOf(sign, policy) - facts.ageOf(sign.id)]));
  const ripe = signs.filter((sign) => sign.active && (leftMs.get(sign) ?? 0) <= 0);
  const worst = ripe[0];
  if (worst !== undefined) return { kind: 'failed', cause: worst.cause, signs: ripe };

  const likely = signs.find((sign) => sign.container?.ready !== true);
  const explained = likely === undefined ? detail : `${detail}; ${likely.cause}`;
  if (deadlineExceeded(deployment, elapsedMs)) {
    return { kind: 'timed-out', cause: `no progress for ${deployment.progressDeadlineSeconds} s: ${explained}`, signs };
  }
  if (elapsedMs >= timeoutMs) return { kind: 'timed-out', cause: explained, signs };
  const waits = [...leftMs.values()].filter((wait) => wait > 0);
  return { kind: 'running', detail: explained, lookAgainInMs: Math.min(timeoutMs - elapsedMs, ...waits) };
}

/** The ReplicaSet of the newest revision that carries the wanted image in our container; undefined until it exists. */
function newReplicaSet(facts: RolloutFacts, image: string): ReplicaSetView | undefined {
  return facts.look.replicaSets
    .filter((candidate) => candidate.ownerUid === facts.deployment.uid)
    .filter((candidate) =>
      candidate.containers.some((container) => container.name === facts.attempt.container && container.image === image),
    )
    .toSorted((left, right) => right.revision - left.revision)[0];
}

/** Pods of old ReplicaSets and pods on their way out never speak against a rollout. */
function newPods(look: RolloutLook, replicaSet: ReplicaSetView | undefined): readonly PodView[] {
  if (replicaSet === undefined) return [];
  return look.pods.filter((pod) => pod.ownerUid === replicaSet.uid && !pod.deleting);
}

function graceOf(sign: FailureSign, policy: JudgePolicy): number {
  switch (sign.severity) {
    case 'at-once':
      return 0;
    case 'soon':
      return Math.min(SOON_MS, policy.graceMs);
    case 'strikes':
      return policy.graceMs;
    case 'clock':
      return Number.POSITIVE_INFINITY;
    default:
      return sign.severity satisfies never;
  }
}

/**
 * The controller's own verdict. The condition can be left over from the previous rollout, so it counts only when as
 * much time as the deadline has passed since our patch (as krane found in its issue 765).
 */
function deadlineExceeded(deployment: DeploymentView, elapsedMs: number): boolean {
  const deadline = deployment.progressDeadlineSeconds;
  if (deadline === undefined || elapsedMs < deadline * 1000) return false;
  const progressing = deployment.conditions.find((condition) => condition.type === 'Progressing');
  return progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded';
}

/** How long a rollout of this Deployment may take, ms: the operator's limit, else the Deployment's own, else 4 min. */
export function rolloutTimeoutMs(deployment: DeploymentView, policy: JudgePolicy): number {
  if (policy.timeoutMs !== undefined) return policy.timeoutMs;
  const own = deployment.progressDeadlineSeconds;
  if (own === undefined || own === DEFAULT_PROGRESS_DEADLINE_S) return DEFAULT_TIMEOUT_MS;
  return own * 1000 + DEADLINE_SLACK_MS;
}
