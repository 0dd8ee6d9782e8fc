/** The looking part of a pass: the watch where it knows enough, a GET where it does not. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Observer } from '../cluster/observer.ts';
import { ApiError } from '../domain/api-error.ts';
import type { Attempt, TargetRecord } from '../domain/record.ts';
import type { Target } from '../domain/target.ts';
import type { DeploymentView } from '../domain/workload.ts';
import type { RolloutLook } from '../rollout/facts.ts';
import { runningAttempt } from './attempt.ts';
import type { ClusterLook } from './decision.ts';

export interface ClusterEyes {
  /**
   * What is known without asking; asks only when a running or parked target is not covered by a live watch.
   *
   * @param elapsedMs since the running attempt began
   */
  glance(target: Target, record: TargetRecord | undefined, elapsedMs: number): Promise<ClusterLook>;
  /** A GET of the Deployment, and of the namespace when there is no Deployment. */
  lookFresh(target: Target): Promise<ClusterLook>;
  /** Whether a watch will wake this target; otherwise the pass must come back by itself. */
  isLive(target: Target): boolean;
}

/** How long the watch may lag behind a patch before a GET is spent on it, ms. */
const WATCH_LAG_MS = 3_000;

export function createClusterEyes(
  cluster: Pick<Cluster, 'readDeployment' | 'readNamespace'>,
  observer: Pick<Observer, 'deployment' | 'rollout'>,
): ClusterEyes {
  async function glance(target: Target, record: TargetRecord | undefined, elapsedMs: number): Promise<ClusterLook> {
    const { view, live } = observer.deployment(target);
    const running = runningAttempt(record);
    if (running !== undefined) return glanceAtRollout(target, running, elapsedMs);
    // Not answered: what the watch shows may be older.
    if (record?.pending !== undefined) return { kind: 'unseen' };
    const isParked = record?.phase === 'blocked';
    if (live) {
      if (view !== undefined) return seen(view, false);
      return isParked ? { kind: 'no-deployment', namespace: 'unknown' } : { kind: 'unseen' };
    }
    return isParked ? lookFresh(target) : { kind: 'unseen' };
  }

  async function glanceAtRollout(target: Target, running: Attempt, elapsedMs: number): Promise<ClusterLook> {
    const { view, live } = observer.deployment(target);
    if (!live) return lookFresh(target);
    // Gone from the watch, or replaced: worth a GET, because a decision will follow from it.
    if (view === undefined || view.uid !== running.uid) return lookFresh(target);
    if (view.generation >= running.generation) return seen(view, false);
    return elapsedMs > WATCH_LAG_MS ? lookFresh(target) : { kind: 'unseen' };
  }

  function seen(deployment: DeploymentView, fresh: boolean): ClusterLook {
    const { replicaSets, pods, synced } = observer.rollout(deployment.namespace, deployment.uid);
    const look: RolloutLook = synced ? { replicaSets, pods } : { replicaSets: [], pods: [] };
    return { kind: 'deployment', deployment, look, fresh };
  }

  async function lookFresh(target: Target): Promise<ClusterLook> {
    try {
      return seen(await cluster.readDeployment(target), true);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.kind === 'not-found' ? lookAtNamespace(target.namespace) : { kind: 'error', error };
    }
  }

  async function lookAtNamespace(namespace: string): Promise<ClusterLook> {
    try {
      const { terminating } = await cluster.readNamespace(namespace);
      return { kind: 'no-deployment', namespace: terminating ? 'terminating' : 'present' };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === 'not-found') return { kind: 'no-deployment', namespace: 'missing' };
      // Without the right to read namespaces the missing Deployment is still the answer.
      return error.kind === 'forbidden' ? { kind: 'no-deployment', namespace: 'present' } : { kind: 'error', error };
    }
  }

  return { glance, lookFresh, isLive: (target) => observer.deployment(target).live };
}
