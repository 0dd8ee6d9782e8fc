/** What the watch shows of a target that is settled, and how its rollout would be judged by that. */
import type { Attempt } from '../domain/record.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { type JudgePolicy, judge, type Verdict } from '../rollout/verdict.ts';
import { precedes } from './attempt.ts';
import type { Observation } from './decision.ts';

/** The Deployment, unless what is shown of it is older than the attempt: a watch can fall silent. */
export function shownDeployment({ cluster }: Observation, attempt: Attempt | undefined): DeploymentView | undefined {
  if (cluster.kind !== 'deployment') return undefined;
  const { deployment } = cluster;
  return lags({ cluster }, attempt) ? undefined : deployment;
}

/** How the rollout of the attempt would be judged now, whatever time it has taken. */
export function judgeNow(
  observation: Observation,
  attempt: Attempt,
  deployment: DeploymentView,
  policy: JudgePolicy,
): Verdict {
  const look = observation.cluster.kind === 'deployment' ? observation.cluster.look : { replicaSets: [], pods: [] };
  const { ageOf, completeForMs } = observation;
  // The deadline has been judged already: no time counts here.
  return judge({ deployment, look, attempt, elapsedMs: 0, idleMs: 0, watchedMs: 0, completeForMs, ageOf }, policy);
}

/** Whether a watch shows the Deployment as it was before the attempt. A reading of its own does not lag. */
export function lags({ cluster }: Pick<Observation, 'cluster'>, attempt: Attempt | undefined): boolean {
  return (
    cluster.kind === 'deployment' && !cluster.fresh && attempt !== undefined && precedes(cluster.deployment, attempt)
  );
}
