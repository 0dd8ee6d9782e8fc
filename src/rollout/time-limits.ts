/** How long a rollout may take: the operator's limit, the Deployment's own deadline, else ours. */
import type { DeploymentView } from '../domain/workload.ts';
import type { RolloutFacts } from './facts.ts';

/** The limit of the Go engine, for a Deployment that sets none of its own. */
const DEFAULT_TIMEOUT_MS = 240_000;
/** The API server's default deadline: a Deployment that has it was not given one on purpose. */
const DEFAULT_PROGRESS_DEADLINE_S = 600;
/** Our limit is a little later than the controller's, so that its condition is the one that is told. */
const DEADLINE_SLACK_MS = 10_000;
/** After a time in which nobody could look, a rollout has this long to show how it stands before its time is up, ms. */
const FIRST_LOOKS_MS = 30_000;

export interface TimeLimit {
  /** How long the rollout may still take, ms; 0 or less when its time is up. */
  readonly leftMs: number;
  /** It is the Deployment's own deadline, so that its end is told as the controller would. */
  readonly isOwn: boolean;
}

/**
 * The operator's limit is for the whole rollout; one of the Deployment's own, or ours, begins anew with each step forward,
 * as the controller's deadline does: many replicas that come one by one are no failure.
 */
export function timeLimit(facts: RolloutFacts, timeoutMs: number | undefined): TimeLimit {
  const { deployment, elapsedMs, idleMs } = facts;
  if (timeoutMs !== undefined) return { leftMs: leftOf(timeoutMs, elapsedMs, facts), isOwn: false };
  const own = ownDeadlineMs(deployment);
  // A pod that is ready counts as no step before it has been so for this long.
  const idleLimitMs =
    (own === undefined ? DEFAULT_TIMEOUT_MS : own + DEADLINE_SLACK_MS) + deployment.minReadySeconds * 1000;
  return { leftMs: leftOf(idleLimitMs, idleMs, facts), isOwn: own !== undefined };
}

/** How much is left of a limit, ms; 0 or less when it has passed. Time in which nobody looked proves nothing. */
function leftOf(limitMs: number, spentMs: number, { watchedMs }: RolloutFacts): number {
  return Math.max(limitMs - spentMs, Math.min(limitMs, FIRST_LOOKS_MS) - watchedMs);
}

/**
 * In how many ms the controller's own verdict counts; 0 or less when it does, infinite when there is none. The condition
 * can be left over from the previous rollout (krane's issue 765), and a slow controller leaves it there for longer than
 * the deadline. So it must be set well after our patch; half the deadline leaves room for a cluster clock that differs
 * from ours. Its times are whole seconds, so the controller can be up to a second early, and says nothing more then.
 */
export function missedDeadlineInMs(facts: RolloutFacts): number {
  const { deployment, attempt } = facts;
  const deadlineMs = (deployment.progressDeadlineSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const progressing = deployment.conditions.find((condition) => condition.type === 'Progressing');
  if (progressing?.status !== 'False' || progressing.reason !== 'ProgressDeadlineExceeded') {
    return Number.POSITIVE_INFINITY;
  }
  const startedAt = Math.floor(attempt.startedAt / 1000) * 1000;
  return progressing.updatedAt < startedAt + deadlineMs / 2
    ? Number.POSITIVE_INFINITY
    : leftOf(deadlineMs, facts.elapsedMs, facts);
}

/** Undefined where nobody has chosen one. */
function ownDeadlineMs({ progressDeadlineSeconds: own }: DeploymentView): number | undefined {
  return own === undefined || own === DEFAULT_PROGRESS_DEADLINE_S ? undefined : own * 1000;
}
