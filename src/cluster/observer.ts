/** What the watches know. Their events are hints to look; the objects are kept so that a verdict needs no request. */
import type { Clock } from '../clock.ts';
import type { Target } from '../domain/target.ts';
import type { DeploymentView } from '../domain/workload.ts';
import type { Cluster } from './cluster.ts';
import { createDeploymentWatch } from './deployment-watch.ts';
import { createReach, type ReachState } from './reach.ts';
import { createRolloutWatch, type RolloutObjects } from './rollout-watch.ts';

export interface Observer {
  start(): void;
  /** Resolves when no watch is left; twice is fine. */
  stop(): Promise<void>;
  /**
   * The newest Deployment a watch has seen. `live` with no view: there is no such Deployment. Not `live`: the watch is
   * down, not allowed, or did not keep this one; only a GET can tell.
   */
  deployment(target: Target): { readonly view: DeploymentView | undefined; readonly live: boolean };
  /** It is no longer ours: its Deployment is not kept, and a watch that only it needed ends. Asking for it undoes that. */
  forget(target: Target): void;
  /** Has ReplicaSets and Pods of the namespace watched until the key is released, and half a minute longer. */
  follow(key: string, namespace: string): void;
  release(key: string): void;
  rollout(namespace: string, deploymentUid: string): RolloutObjects;
  /** As `onState` told it last. */
  readonly reachable: boolean;
}

export interface ObserverHooks {
  /** Whether the objects of this Deployment are kept; asked at each event, so it must be cheap. */
  isOurs(namespace: string, deploymentName: string): boolean;
  /** Something about this Deployment of ours, its ReplicaSets or its Pods changed: look again. */
  onHint(namespace: string, deploymentName: string): void;
  /** The API became unreachable, or reachable again. Reachable is assumed at first. */
  onState(state: ReachState): void;
  /** A mistake of ours while a watch event was processed. That watch starts over. */
  onError(error: unknown): void;
}

/** Opens nothing before `start` or `follow`. */
export function createObserver(cluster: Cluster, clock: Clock, hooks: ObserverHooks): Observer {
  const { connection } = cluster;
  const { isOurs } = hooks;
  const onHint: ObserverHooks['onHint'] = (namespace, name) => {
    if (isOurs(namespace, name)) hooks.onHint(namespace, name);
  };
  const parts = {
    connection,
    clock,
    server: { streamsLists: true, outages: 0 },
    isOurs,
    onHint,
    onError: hooks.onError,
  };
  const deployments = createDeploymentWatch(parts);
  const rollouts = createRolloutWatch(parts);
  let reachable = true;
  const reach = createReach(clock, {
    onState(state) {
      reachable = state.reachable;
      hooks.onState(state);
    },
    onRecovery: () => {
      deployments.retryNow();
      rollouts.retryNow();
    },
  });
  let unsubscribe: (() => void) | undefined;

  return {
    start() {
      unsubscribe ??= connection.subscribe(reach);
      deployments.start();
    },
    async stop() {
      unsubscribe?.();
      await Promise.all([deployments.stop(), rollouts.stop()]);
    },
    deployment: deployments.deployment,
    forget: deployments.forget,
    follow: rollouts.follow,
    release: rollouts.release,
    rollout: rollouts.rollout,
    get reachable() {
      return reachable;
    },
  };
}
