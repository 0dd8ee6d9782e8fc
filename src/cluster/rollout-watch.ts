/** The ReplicaSets and Pods of namespaces in which rollouts run: two watches each, shared, and gone soon after. */
import type { Clock } from '../clock.ts';
import type { PodView, ReplicaSetView } from '../domain/workload.ts';
import type { ServerTraits, WatchSink } from './collection-feed.ts';
import type { Connection } from './connection.ts';
import { createOwnedObjects, type OwnedObjects } from './owned-objects.ts';
import { createOwnedSink } from './owned-sink.ts';
import { parsePod } from './pod-view.ts';
import { parseOwner, parseReplicaSet } from './views.ts';
import { startWatch, type Watch } from './watch.ts';

/** What is known of one Deployment's rollout. */
export interface RolloutObjects {
  readonly replicaSets: readonly ReplicaSetView[];
  readonly pods: readonly PodView[];
  /** Both pictures are complete, as far as we may look. */
  readonly synced: boolean;
  /** The rights that are missing, e.g. `list pods in prod`. */
  readonly unreadable: readonly string[];
}

export interface RolloutWatch {
  follow(key: string, namespace: string): void;
  release(key: string): void;
  rollout(namespace: string, deploymentUid: string): RolloutObjects;
  retryNow(): void;
  stop(): Promise<void>;
}

export interface RolloutWatchOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly server: ServerTraits;
  readonly isOurs: (namespace: string, name: string) => boolean;
  readonly onHint: (namespace: string, name: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Deployments in a row share the two watches. */
const LINGER_MS = 30_000;
/** A right that was missing may be granted because a rollout has named it; and a server that has just started refuses all. */
const RETRY_FORBIDDEN_MS = 30_000;
/** Many services may become ours one after another, and each renewal lists the whole namespace. */
const RENEWAL_GAP_MS = 1_000;

interface Followed {
  readonly keys: Set<string>;
  readonly replicaSets: OwnedObjects<ReplicaSetView>;
  readonly pods: OwnedObjects<PodView>;
  /** Deployments of the namespace whose objects were not kept, because they were not ours. */
  readonly skipped: Set<string>;
  readonly replicaSetWatch: Watch;
  readonly podWatch: Watch;
  /** The picture before this one. What it shows is not forgotten before this one is complete. */
  before: Followed | undefined;
  cancelEnd: () => void;
  /** Monotonic. */
  readonly begunAt: number;
  cancelRenewal: (() => void) | undefined;
}

export function createRolloutWatch(options: RolloutWatchOptions): RolloutWatch {
  const { clock, isOurs, onHint } = options;
  const followed = new Map<string, Followed>();
  const namespaceOfKey = new Map<string, string>();
  const stops = new Set<Promise<void>>();

  function begin(namespace: string, keys: Set<string>): Followed {
    const replicaSets = createOwnedObjects<ReplicaSetView>();
    const pods = createOwnedObjects<PodView>();
    const skipped = new Set<string>();
    const scope = {
      skipped,
      isOurs: (name: string) => isOurs(namespace, name),
      onHint: (name: string) => onHint(namespace, name),
    };
    const start = (collection: string, sink: WatchSink) =>
      startWatch({ ...options, collection, sink, pollWhenUnwatchable: true, retryForbiddenMs: RETRY_FORBIDDEN_MS });
    const entry: Followed = {
      keys,
      replicaSets,
      pods,
      skipped,
      replicaSetWatch: start(
        `/apis/apps/v1/namespaces/${namespace}/replicasets`,
        createOwnedSink({
          ...scope,
          objects: replicaSets,
          parse: parseReplicaSet,
          deploymentOf: deploymentOfReplicaSet,
        }),
      ),
      podWatch: start(
        `/api/v1/namespaces/${namespace}/pods`,
        createOwnedSink({ ...scope, objects: pods, parse: parsePod, deploymentOf: deploymentOfPod }),
      ),
      before: undefined,
      cancelEnd: () => {},
      begunAt: clock.monotonic(),
      cancelRenewal: undefined,
    };
    followed.set(namespace, entry);
    return entry;
  }

  /** What became ours since the watches began was not kept: they begin anew, at once or in a while. */
  function renewed(namespace: string, entry: Followed): Followed {
    if (![...entry.skipped].some((name) => isOurs(namespace, name))) return entry;
    const waitMs = entry.begunAt + RENEWAL_GAP_MS - clock.monotonic();
    if (waitMs <= 0) return beginAnew(namespace, entry);
    entry.cancelRenewal ??= clock.after(waitMs, () => {
      if (followed.get(namespace) === entry && entry.keys.size > 0) beginAnew(namespace, entry);
    });
    return entry;
  }

  function beginAnew(namespace: string, entry: Followed): Followed {
    entry.cancelEnd();
    entry.cancelRenewal?.();
    const complete = completeOf(entry);
    if (complete !== entry) stopWatches(entry);
    const fresh = begin(namespace, entry.keys);
    fresh.before = complete;
    return fresh;
  }

  function completeOf(entry: Followed): Followed {
    if (entry.before === undefined || !isComplete(entry)) return entry.before ?? entry;
    stopWatches(entry.before);
    entry.before = undefined;
    return entry;
  }

  function end(namespace: string, entry: Followed): void {
    followed.delete(namespace);
    entry.cancelEnd();
    entry.cancelRenewal?.();
    if (entry.before !== undefined) stopWatches(entry.before);
    stopWatches(entry);
  }

  function stopWatches(entry: Followed): void {
    const stopped = Promise.all([entry.replicaSetWatch.stop(), entry.podWatch.stop()]).then(() => {
      stops.delete(stopped);
    });
    stops.add(stopped);
  }

  function release(key: string): void {
    const namespace = namespaceOfKey.get(key);
    const entry = namespace === undefined ? undefined : followed.get(namespace);
    namespaceOfKey.delete(key);
    if (namespace === undefined || entry === undefined) return;
    entry.keys.delete(key);
    if (entry.keys.size > 0) return;
    entry.cancelEnd = clock.after(LINGER_MS, () => end(namespace, entry));
  }

  return {
    follow(key, namespace) {
      if (namespaceOfKey.get(key) === namespace) return;
      release(key);
      namespaceOfKey.set(key, namespace);
      const present = followed.get(namespace);
      const entry = present === undefined ? begin(namespace, new Set()) : renewed(namespace, present);
      entry.cancelEnd();
      entry.keys.add(key);
    },
    release,
    rollout(namespace, deploymentUid) {
      const newest = followed.get(namespace);
      if (newest === undefined) return { replicaSets: [], pods: [], synced: false, unreadable: [] };
      const complete = completeOf(newest);
      const entry = complete.replicaSets.of(deploymentUid).length > 0 ? complete : newest;
      const replicaSets = entry.replicaSets.of(deploymentUid);
      const watches = [
        { watch: entry.replicaSetWatch, right: `list replicasets in ${namespace}` },
        { watch: entry.podWatch, right: `list pods in ${namespace}` },
      ];
      return {
        replicaSets,
        pods: replicaSets.flatMap((replicaSet) => entry.pods.of(replicaSet.uid)),
        // What was not kept is missing until the watches have begun anew.
        synced: isComplete(entry) && (replicaSets.length > 0 || entry.cancelRenewal === undefined),
        unreadable: watches.filter(({ watch }) => watch.status === 'forbidden').map(({ right }) => right),
      };
    },
    retryNow() {
      for (const { replicaSetWatch, podWatch } of followed.values()) {
        replicaSetWatch.retryNow();
        podWatch.retryNow();
      }
    },
    async stop() {
      for (const [namespace, entry] of followed) end(namespace, entry);
      await Promise.all(stops);
    },
  };
}

/** As far as we may look. */
function isComplete({ replicaSetWatch, podWatch }: Followed): boolean {
  return [replicaSetWatch, podWatch].every((watch) => watch.current || watch.status === 'forbidden');
}

function deploymentOfReplicaSet(replicaSet: unknown): string {
  const { kind, name } = parseOwner(replicaSet);
  return kind === 'Deployment' ? name : '';
}

/** A Deployment names its ReplicaSets `<deployment>-<hash>`, and the hash holds no dash. */
function deploymentOfPod(pod: unknown): string {
  const { kind, name } = parseOwner(pod);
  return kind === 'ReplicaSet' ? name.slice(0, Math.max(0, name.lastIndexOf('-'))) : '';
}
