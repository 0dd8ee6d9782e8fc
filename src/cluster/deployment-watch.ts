/** What is known of Deployments: one watch over the cluster, or one per namespace where only that is allowed. */
import type { Clock } from '../clock.ts';
import { formatTarget, type Target } from '../domain/target.ts';
import type { DeploymentView } from '../domain/workload.ts';
import type { ServerTraits, WatchSink } from './collection-feed.ts';
import type { Connection } from './connection.ts';
import { parseDeployment, parseIdentity } from './views.ts';
import { startWatch, type Watch } from './watch.ts';

export interface DeploymentWatch {
  start(): void;
  stop(): Promise<void>;
  deployment(target: Target): { readonly view: DeploymentView | undefined; readonly live: boolean };
  forget(target: Target): void;
  retryNow(): void;
}

export interface DeploymentWatchOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly server: ServerTraits;
  readonly isOurs: (namespace: string, name: string) => boolean;
  readonly onHint: (namespace: string, name: string) => void;
  readonly onError: (error: unknown) => void;
}

interface Known {
  readonly target: Target;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Kept only for what is ours: a cluster may hold ten thousand others. */
  readonly view?: DeploymentView;
}

const ALL = '/apis/apps/v1/deployments';

export function createDeploymentWatch(options: DeploymentWatchOptions): DeploymentWatch {
  const { isOurs, onHint } = options;
  const known = new Map<string, Known>();
  const byNamespace = new Map<string, { readonly watch: Watch; readonly askedFor: Set<string> }>();
  const stops = new Set<Promise<void>>();
  let whole: Watch | undefined;

  /** @param namespace undefined: the sink of the whole cluster */
  function createSink(namespace: string | undefined): WatchSink {
    let seen = new Set<string>();
    return {
      onReset() {
        seen = new Set();
      },
      onObject(type, object) {
        const identity = parseIdentity(object);
        if (identity === undefined) return;
        const key = formatTarget({ service: identity.name, namespace: identity.namespace });
        seen.add(key);
        if (type === 'DELETED') lose(key, identity.uid);
        else learn(key, object);
      },
      onSynced() {
        for (const [key, { target, uid }] of known) {
          const isInScope = namespace === undefined || target.namespace === namespace;
          if (isInScope && !seen.has(key)) lose(key, uid);
        }
        seen = new Set();
      },
    };
  }

  function learn(key: string, object: unknown): void {
    const identity = parseIdentity(object);
    if (identity === undefined) return;
    const { name, namespace, uid, resourceVersion } = identity;
    const before = known.get(key);
    const target = before?.target ?? { service: name, namespace };
    const ours = isOurs(namespace, name);
    const view = ours ? parseDeployment(object) : undefined;
    known.set(key, { target, uid, resourceVersion, ...(view === undefined ? {} : { view }) });
    if (ours && before?.resourceVersion !== resourceVersion) onHint(namespace, name);
  }

  /** A late event of an older Deployment must not hide the newer one that took its name. */
  function lose(key: string, uid: string): void {
    const entry = known.get(key);
    if (entry === undefined || entry.uid !== uid) return;
    known.delete(key);
    onHint(entry.target.namespace, entry.target.service);
  }

  function watchOf({ service, namespace }: Target): Watch | undefined {
    if (whole === undefined || whole.status !== 'forbidden') return whole;
    let own = byNamespace.get(namespace);
    if (own === undefined) {
      const collection = `/apis/apps/v1/namespaces/${namespace}/deployments`;
      const watch = startWatch({ ...options, collection, sink: createSink(namespace) });
      own = { watch, askedFor: new Set() };
      byNamespace.set(namespace, own);
    }
    own.askedFor.add(service);
    return own.watch;
  }

  function forget(target: Target): void {
    const { service, namespace } = target;
    const key = formatTarget(target);
    const entry = known.get(key);
    if (entry !== undefined) known.set(key, withoutView(entry));
    const own = byNamespace.get(namespace);
    own?.askedFor.delete(service);
    if (own?.askedFor.size !== 0) return;
    stopNamespace(namespace, own.watch);
    for (const [other, entry] of known) if (entry.target.namespace === namespace) known.delete(other);
  }

  function stopNamespace(namespace: string, watch: Watch): void {
    byNamespace.delete(namespace);
    const stopped = watch.stop().finally(() => stops.delete(stopped));
    stops.add(stopped);
  }

  function stopNamespaces(): void {
    for (const [namespace, { watch }] of byNamespace) stopNamespace(namespace, watch);
  }

  return {
    start() {
      const onStatus = (status: Watch['status']) => {
        if (status === 'live') stopNamespaces();
      };
      whole ??= startWatch({ ...options, collection: ALL, sink: createSink(undefined), onStatus });
    },
    deployment(target) {
      const entry = known.get(formatTarget(target));
      const live = watchOf(target)?.status === 'live';
      // It exists, but was not kept when it was last seen: only a GET can show it.
      if (entry !== undefined && entry.view === undefined) return { view: undefined, live: false };
      return { view: entry?.view, live };
    },
    forget,
    retryNow() {
      whole?.retryNow();
      for (const { watch } of byNamespace.values()) watch.retryNow();
    },
    async stop() {
      stopNamespaces();
      await Promise.all([whole?.stop(), ...stops]);
    },
  };
}

function withoutView({ target, uid, resourceVersion }: Known): Known {
  return { target, uid, resourceVersion };
}
