/** A Kubernetes cluster in memory: an API server over HTTP, its controllers, and pods that behave by rules. */
import type { AddressInfo } from 'node:net';
import { admit } from './admission.ts';
import { createDeletes } from './api/deletes.ts';
import { createHandler } from './api/handler.ts';
import { createAccess, type UserToken } from './api/identity.ts';
import { createLogs } from './api/logs.ts';
import { createReads } from './api/reads.ts';
import { createApiServer } from './api/server.ts';
import { createWatches } from './api/watches.ts';
import { createWrites } from './api/writes.ts';
import type { PodRules } from './controllers/pods.ts';
import { type Controllers, DEFAULT_POD_RULES, startControllers } from './controllers.ts';
import { createFaults, type Faults } from './faults.ts';
import { furnish } from './furnishing.ts';
import { createHistory } from './history.ts';
import { managedStore } from './managed-store.ts';
import { keepQuotaUsage } from './quota-usage.ts';
import { createStore, type Store } from './store.ts';

export interface SandboxOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** The administrator's bearer token. Without it and without `users` everybody may do everything. */
  readonly token?: string;
  /** Users who may do what Role and ClusterRole objects in the store grant them. */
  readonly users?: readonly UserToken[];
  /** How pods behave; default: by image tag, five times faster than real ones. */
  readonly pods?: PodRules;
  /** Default: 30 s, about as often as a real server. */
  readonly bookmarkEveryMs?: number;
}

export interface Sandbox {
  /** `http://127.0.0.1:40123` */
  readonly url: string;
  readonly store: Store;
  readonly controllers: Controllers;
  readonly faults: Faults;
  /** A kubeconfig for the user of this token, the administrator's by default: YAML text for kubectl and any client. */
  kubeconfig(token?: string): string;
  /** Makes every older resourceVersion too old for a watch, as a compaction of etcd does. */
  compact(): void;
  /** Ends connections, timers and controllers; safe to call twice. */
  stop(): Promise<void>;
}

/** Changes remembered per resource for watches that resume. */
const HISTORY_SIZE = 2_000;

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', token, users = [], pods = DEFAULT_POD_RULES } = options;
  const now = Date.now;
  const store = createStore({ admit, now });
  furnish(store);
  const history = createHistory(store, HISTORY_SIZE);
  const stopCounting = keepQuotaUsage(store);
  const watches = createWatches({ store, history, bookmarkEveryMs: options.bookmarkEveryMs ?? 30_000 });
  const faults = createFaults(() => watches.cut());
  const administrator = token === undefined ? [] : [{ token, name: 'admin', groups: ['system:masters'] }];
  const access = createAccess(store, [...administrator, ...users]);
  const handle = createHandler({
    store,
    access,
    watches,
    now,
    reads: createReads(store),
    writes: createWrites(store, now),
    deletes: createDeletes(store, now),
    logs: createLogs({ store, history, ruleFor: pods.ruleFor }),
  });
  const server = createApiServer({ access, faults, handle });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const controllers = startControllers({ store: managedStore(store, now), pods });
  const url = `http://${host}:${portOf(server.address())}`;

  async function stop(): Promise<void> {
    controllers.stop();
    faults.stop();
    watches.stop();
    history.stop();
    stopCounting();
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  return {
    url,
    store,
    controllers,
    faults,
    kubeconfig: (of = token) => kubeconfigFor(url, of),
    compact: () => history.compact(),
    stop,
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the sandbox listens on no port');
  return address.port;
}

function kubeconfigFor(url: string, token: string | undefined): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    'current-context: sandbox',
    'clusters:',
    '- name: sandbox',
    '  cluster:',
    `    server: ${token === undefined ? url : `${url}/as/${encodeURIComponent(token)}`}`,
    // Over plain HTTP kubectl sends no token, hence the path; other clients send it only with this set.
    '    insecure-skip-tls-verify: true',
    'contexts:',
    '- name: sandbox',
    '  context:',
    '    cluster: sandbox',
    '    user: sandbox',
    '    namespace: default',
    'users:',
    '- name: sandbox',
    `  user: ${token === undefined ? '{}' : `{ token: ${JSON.stringify(token)} }`}`,
    '',
  ].join('\n');
}
