/** The store as the controllers see it: their writes are recorded in managedFields under the names real ones use. */
import { fields, type KubeObject, type NewObject } from './objects.ts';
import { trackUpdate, type Writer } from './patch/managed-fields.ts';
import { apiVersionOf, type Resource, resourceInfo } from './resources.ts';
import { withDefaults } from './schema/defaults.ts';
import type { Store, UpdateOptions } from './store.ts';

/** Events are written once and read by people: nobody asks who owns their fields. */
const UNTRACKED: ReadonlySet<Resource> = new Set(['events']);

function writer(resource: Resource, subresource: string | undefined, now: number): Writer {
  const isKubelet = resource === 'pods' && subresource === 'status';
  return {
    manager: isKubelet ? 'kubelet' : 'kube-controller-manager',
    operation: 'Update',
    apiVersion: apiVersionOf(resourceInfo(resource)),
    subresource,
    now,
  };
}

export function managedStore(store: Store, now: () => number): Store {
  function create(resource: Resource, object: NewObject): KubeObject {
    if (UNTRACKED.has(resource)) return store.create(resource, object);
    // Pods made from a template still get what admission adds to every pod.
    const complete = resource === 'pods' ? withDefaults(resource, object) : object;
    return store.create(resource, trackUpdate(undefined, complete, writer(resource, undefined, now())));
  }

  function update(resource: Resource, object: NewObject, options: UpdateOptions = {}): KubeObject {
    const old = store.get(resource, object.metadata.namespace, object.metadata.name ?? '');
    if (!old || UNTRACKED.has(resource)) return store.update(resource, object, options);
    const subresource = options.subresource === 'status' ? 'status' : undefined;
    const seen = subresource ? { ...old, metadata: object.metadata, status: fields(object.status) } : object;
    const tracked = trackUpdate(old, seen, writer(resource, subresource, now()));
    return store.update(resource, tracked, options);
  }

  return { ...store, create, update };
}
