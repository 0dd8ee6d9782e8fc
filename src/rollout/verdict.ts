/** Whether a rollout is over, and how it went. Pure: the pass brings the facts and the elapsed times. */
import type { Attempt } from '../domain/record.ts';
import { imageOf, type PodView, type ReplicaSetView, revisionOf } from '../domain/workload.ts';
import type { RolloutFacts } from './facts.ts';
import { type FailureSign, failureSigns } from './failure-signs.ts';
import { progressOf } from './progress.ts';
import { missedDeadlineInMs, type TimeLimit, timeLimit } from './time-limits.ts';
import { SEVERITIES } from './trouble.ts';

export interface JudgePolicy {
  /** How long a sign of severity `strikes` must last, ms. */
  readonly graceMs: number;
  /** `MAX_RESTARTS`: a container that has restarted more often fails the rollout at once; undefined for no such limit. */
  readonly maxRestarts: number | undefined;
  /** `ROLLOUT_TIMEOUT`, ms; undefined when the operator did not set it. */
  readonly timeoutMs: number | undefined;
  /** Which signs count; all unless told. */
  readonly counts?: (sign: FailureSign) => boolean;
}

/** The cause is that of the first sign. */
export type Verdict =
  /** `afterCrashes`: a container of the new pods has crashed on the way, so it may be ready only between two crashes. */
  | { readonly kind: 'succeeded'; readonly note: string; readonly afterCrashes: boolean }
  | { readonly kind: 'running'; readonly detail: string; readonly lookAgainInMs: number }
  /** `spec.paused`: no clock runs. */
  | { readonly kind: 'held' }
  | { readonly kind: 'failed'; readonly cause: string; readonly signs: readonly FailureSign[] }
  | { readonly kind: 'timed-out'; readonly cause: string; readonly signs: readonly FailureSign[] }
  /** Somebody else changed the image of our container. */
  | { readonly kind: 'overridden'; readonly change: string };

const SOON_MS = 700;
/** How long a complete Deployment may go without its new ReplicaSet being seen, ms. */
const SILENCE_MS = 3_000;

export function judge(facts: RolloutFacts, policy: JudgePolicy): Verdict {
  const { deployment, attempt } = facts;
  const limit = timeLimit(facts, policy.timeoutMs);
  // What was seen before our patch says nothing about it, not even about its image.
  if (deployment.generation < attempt.generation) return unobserved(limit);
  const image = imageOf(deployment, attempt.container);
  const wanted = attempt.appliedImage ?? attempt.image;
  if (image !== wanted) {
    const by = deployment.templateManager ?? 'another client';
    const change = image === undefined ? `removed container ${attempt.container}` : `set the image to ${image}`;
    return { kind: 'overridden', change: `${by} ${change}` };
  }
  const progress = progressOf(deployment);
  if (progress.kind === 'unobserved') return unobserved(limit);

  const replicaSet = newReplicaSet(facts, wanted);
  const isVisible = facts.look.replicaSets.length > 0;
  const pods = newPods(facts, replicaSet);
  // Before any verdict: asking for the age of a sign is what keeps it remembered through a good moment.
  const conditions = isVisible ? (replicaSet?.conditions ?? []) : deployment.conditions;
  const found = failureSigns(conditions, isVisible, pods, deployment.replicas)
    .filter((sign) => !isLeftOver(sign, attempt))
    .filter(policy.counts ?? (() => true));
  const signs = agedSigns(facts, policy, found);
  const restless = signs.find(({ sign }) => restartsTooOften(sign, attempt, policy.maxRestarts))?.sign;
  if (restless !== undefined && !deployment.paused) return { kind: 'failed', cause: restless.cause, signs: [restless] };
  // A watch of ReplicaSets can fall silent; the Deployment's own word is good enough after a while.
  const unseenMs = isVisible && replicaSet === undefined ? SILENCE_MS - facts.completeForMs : 0;
  if (progress.kind === 'complete' && unseenMs <= 0) {
    const note = deployment.replicas === 0 ? '0 replicas: nothing to verify' : '';
    return { kind: 'succeeded', note, afterCrashes: pods.some((pod) => hasCrashed(pod, attempt)) };
  }
  if (deployment.paused) return { kind: 'held' };
  if (progress.kind === 'complete') {
    return { kind: 'running', detail: 'the new ReplicaSet is not there yet', lookAgainInMs: unseenMs };
  }
  return judgeSigns(facts, signs, `${progress.detail}${leavingPods(facts, replicaSet)}`, limit);
}

function unobserved({ leftMs }: TimeLimit): Verdict {
  const detail = 'the Deployment controller has not looked at the change yet';
  if (leftMs <= 0) return { kind: 'timed-out', cause: detail, signs: [] };
  return { kind: 'running', detail, lookAgainInMs: leftMs };
}

interface AgedSign {
  readonly sign: FailureSign;
  /** Until it fails the rollout, ms; 0 or less when it does. */
  readonly ripeInMs: number;
}

/** Gravest first. */
function agedSigns(facts: RolloutFacts, policy: JudgePolicy, signs: readonly FailureSign[]): readonly AgedSign[] {
  return signs
    .map((sign) => ({ sign, ripeInMs: graceOf(sign, policy) - facts.ageOf(sign.id) }))
    .toSorted((one, other) => SEVERITIES.indexOf(one.sign.severity) - SEVERITIES.indexOf(other.sign.severity));
}

function judgeSigns(facts: RolloutFacts, aged: readonly AgedSign[], detail: string, limit: TimeLimit): Verdict {
  const signs = aged.map(({ sign }) => sign);
  const ripe = aged.filter(({ sign, ripeInMs }) => sign.active && ripeInMs <= 0).map(({ sign }) => sign);
  const worst = ripe[0];
  if (worst !== undefined) {
    // Signs still within their grace fail nothing, but show how many pods are in the same trouble.
    return { kind: 'failed', cause: worst.cause, signs: [...ripe, ...signs.filter((sign) => !ripe.includes(sign))] };
  }

  const likely = signs.find((sign) => sign.container?.ready !== true);
  const explained = likely === undefined ? detail : `${detail}; ${likely.cause}`;
  const told = likely === undefined ? signs : [likely, ...signs.filter((sign) => sign !== likely)];
  const deadlineInMs = missedDeadlineInMs(facts);
  if (deadlineInMs <= 0 || (limit.isOwn && limit.leftMs <= 0)) {
    const cause = `no progress for ${facts.deployment.progressDeadlineSeconds} s: ${explained}`;
    return { kind: 'timed-out', cause, signs: told };
  }
  if (limit.leftMs <= 0) return { kind: 'timed-out', cause: explained, signs: told };
  const waits = aged.map(({ ripeInMs }) => ripeInMs).filter((wait) => wait > 0);
  return { kind: 'running', detail: explained, lookAgainInMs: Math.min(limit.leftMs, deadlineInMs, ...waits) };
}

/**
 * The ReplicaSet that runs our change; undefined until it is seen. An older one can carry the same image (the rest of
 * its template differs), so it must have the Deployment's own revision; where that is not written, the newest counts.
 */
function newReplicaSet(facts: RolloutFacts, image: string): ReplicaSetView | undefined {
  const { deployment, attempt, look } = facts;
  const revision = revisionOf(deployment.annotations);
  return look.replicaSets
    .filter((candidate) => candidate.ownerUid === deployment.uid)
    .filter((candidate) => revision === 0 || candidate.revision === revision)
    .filter(({ containers }) => containers.some(({ name, image: own }) => name === attempt.container && own === image))
    .toSorted((left, right) => right.revision - left.revision)[0];
}

/** Recreate makes no new pod before every old one is gone: a finalizer or a lost node can keep one for ever. */
function leavingPods({ deployment, look }: RolloutFacts, replicaSet: ReplicaSetView | undefined): string {
  const [one, ...more] = look.pods.filter((pod) => pod.deleting && pod.ownerUid !== replicaSet?.uid);
  if (one === undefined || deployment.updatedReplicas > 0) return '';
  return more.length === 0
    ? `; old pod ${one.name} is still terminating`
    : `; ${more.length + 1} old pods are still terminating`;
}

/** Pods of old ReplicaSets, pods on their way out and pods that ended before our change never speak against it. */
function newPods({ look, attempt }: RolloutFacts, replicaSet: ReplicaSetView | undefined): readonly PodView[] {
  if (replicaSet === undefined) return [];
  return look.pods
    .filter((pod) => pod.ownerUid === replicaSet.uid && !pod.deleting)
    .filter((pod) => pod.phase !== 'Failed' || isSince(attempt, pod.createdAt));
}

function hasCrashed(pod: PodView, attempt: Attempt): boolean {
  return pod.containers
    .filter((container) => container.role !== 'ephemeral' && container.restartCount > 0)
    .some(({ lastExit }) => lastExit === undefined || isSince(attempt, lastExit.finishedAt));
}

/** A crash of long before gives the next one no age. */
function isLeftOver({ about, active, container }: FailureSign, attempt: Attempt): boolean {
  if (active || about !== 'crash' || container?.lastExit === undefined) return false;
  return !isSince(attempt, container.lastExit.finishedAt);
}

/** Whatever the container does at the moment: between two crashes it may even be ready. */
function restartsTooOften({ about, container }: FailureSign, attempt: Attempt, limit: number | undefined): boolean {
  if (limit === undefined || about !== 'crash' || container === undefined) return false;
  const { restartCount, lastExit } = container;
  return restartCount > limit && (lastExit === undefined || isSince(attempt, lastExit.finishedAt));
}

/** How far the cluster's clock may be behind ours, ms. */
const CLOCK_SKEW_MS = 60_000;

function isSince(attempt: Attempt, at: number): boolean {
  return at >= attempt.startedAt - CLOCK_SKEW_MS;
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
