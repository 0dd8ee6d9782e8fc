/** What refuses a create whoever asks, the controllers included: the namespace's state and its quotas. */
import { type ApiStatus, forbidden, notFound } from './api-status.ts';
import { at, fields, type KubeObject, text } from './objects.ts';
import { parseQuantity } from './quantities.ts';
import { type Resource, resourceInfo } from './resources.ts';
import type { Store } from './store.ts';

/** Throws ApiStatus: 404 no such namespace, 403 namespace going away, 403 quota exceeded. */
export function admit(resource: Resource, object: KubeObject, store: Store): void {
  if (!resourceInfo(resource).namespaced) return;
  const namespace = object.metadata.namespace ?? '';
  const home = store.get('namespaces', undefined, namespace);
  if (!home) throw notFound('namespaces', namespace);
  if (home.metadata.deletionTimestamp !== undefined) throw terminating(resource, object);
  for (const quota of store.list('resourcequotas', { namespace })) checkQuota(quota, resource, object, store);
}

function terminating(resource: Resource, object: KubeObject): ApiStatus {
  const { name, namespace = '' } = object.metadata;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return forbidden(resource, name, why, [cause]);
}

const POD_RESOURCES: ReadonlySet<string> = new Set([
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
  'cpu',
  'memory',
]);

/** What one more object of this resource adds to a quota's entry, in whole units; 0 when it does not count there. */
function demand(entry: string, resource: Resource, object: KubeObject): number {
  if (entry === resource || entry === `count/${resource}`) return 1;
  if (resource !== 'pods' || !POD_RESOURCES.has(entry)) return 0;
  const [kind, unit] = entry.includes('.') ? entry.split('.') : ['requests', entry];
  const containers = at(object, 'spec', 'containers');
  if (!Array.isArray(containers)) return 0;
  return containers.reduce<number>((sum, container) => {
    return sum + parseQuantity(text(at(container, 'resources', kind ?? '', unit ?? '')) ?? '0');
  }, 0);
}

/** What the namespace's objects use of one entry of a quota. */
export function usage(entry: string, namespace: string, store: Store): number {
  const counted = entry.startsWith('count/') ? entry.slice('count/'.length) : entry;
  if (!POD_RESOURCES.has(entry)) return isStored(counted) ? store.count(counted, namespace) : 0;
  return store.list('pods', { namespace }).reduce((sum, pod) => sum + demand(entry, 'pods', pod), 0);
}

function isStored(resource: Resource): boolean {
  try {
    return resourceInfo(resource).storage === resource;
  } catch {
    // A quota may name resources the sandbox does not have; nobody can use those up.
    return false;
  }
}

function checkQuota(quota: KubeObject, resource: Resource, object: KubeObject, store: Store): void {
  const hard = fields(at(quota, 'spec', 'hard'));
  const namespace = object.metadata.namespace ?? '';
  const exceeded = Object.entries(hard).flatMap(([entry, limit]) => {
    const wanted = demand(entry, resource, object);
    if (wanted === 0) return [];
    const inUse = usage(entry, namespace, store);
    return inUse + wanted > parseQuantity(String(limit)) ? [{ entry, wanted, inUse, limit: String(limit) }] : [];
  });
  if (exceeded.length === 0) return;
  const told = (value: (one: (typeof exceeded)[number]) => unknown): string =>
    exceeded.map((one) => `${one.entry}=${value(one)}`).join(',');
  const why = `exceeded quota: ${quota.metadata.name}, requested: ${told((one) => one.wanted)}, used: ${told((one) => one.inUse)}, limited: ${told((one) => one.limit)}`;
  throw forbidden(resource, object.metadata.name, why);
}
