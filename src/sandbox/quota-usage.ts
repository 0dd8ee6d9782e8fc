/** Keeps `status.used` of ResourceQuotas, as the quota controller of a real cluster does. */
import { usage } from './admission.ts';
import { at, fields, type KubeObject } from './objects.ts';
import { resourceInfo } from './resources.ts';
import type { Store } from './store.ts';

/** Follows the store from now on; the returned function ends it. A namespace without quotas costs one lookup. */
export function keepQuotaUsage(store: Store): () => void {
  return store.subscribe(({ type, resource, object }) => {
    const { namespace, name } = object.metadata;
    if (namespace === undefined || !resourceInfo(resource).namespaced) return;
    if (resource === 'resourcequotas') {
      const quota = store.get('resourcequotas', namespace, name);
      if (quota) recount(store, quota);
    } else if (type !== 'MODIFIED') {
      for (const quota of store.list('resourcequotas', { namespace })) recount(store, quota);
    }
  });
}

function recount(store: Store, quota: KubeObject): void {
  const hard = fields(at(quota, 'spec', 'hard'));
  const used = Object.keys(hard).map((entry) => [entry, String(usage(entry, quota.metadata.namespace ?? '', store))]);
  const status = { hard, used: Object.fromEntries(used) };
  store.update('resourcequotas', { ...quota, status }, { subresource: 'status' });
}
