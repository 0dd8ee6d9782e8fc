/** Who controls what: owner references, and the claiming of objects by selector as the real controllers do it. */
import { at, type KubeObject, type OwnerReference, sameJson } from '../objects.ts';
import type { Resource } from '../resources.ts';
import { labelSelectorOf } from '../selectors.ts';
import type { Store, StoreEvent } from '../store.ts';

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function controllerReference({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

/** `namespace/name`, the key of a work queue. */
export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * The objects this owner controls. One that matches the selector and has no controller is adopted; one of ours that no
 * longer matches is released. An owner that is being deleted changes nothing.
 */
export function claim(store: Store, resource: Resource, owner: KubeObject): readonly KubeObject[] {
  const { namespace, uid, deletionTimestamp } = owner.metadata;
  const selector = labelSelectorOf(at(owner, 'spec', 'selector'));
  const own = store.list(resource, { namespace, ownerUid: uid }).filter((object) => controllerOf(object)?.uid === uid);
  if (deletionTimestamp !== undefined) return own;

  const kept = own.filter((object) => {
    const isKept = selector.matches(object.metadata.labels ?? {});
    if (!isKept) release(store, resource, object, uid);
    return isKept;
  });
  const orphans = store
    .list(resource, { namespace, matchLabels: selector.matchLabels, labels: selector.matches })
    .filter((object) => controllerOf(object) === undefined && object.metadata.deletionTimestamp === undefined);
  return [...kept, ...orphans.map((object) => adopt(store, resource, object, owner))];
}

/**
 * Those who would adopt the object of a change: it has no controller, and their selector matches. Asked only when it is
 * new or labelled anew, since it costs a look at all possible owners in the namespace.
 */
export function adopters(store: Store, owners: Resource, { object, old }: StoreEvent): readonly KubeObject[] {
  const { labels = {}, namespace } = object.metadata;
  const isNews = old === undefined || !sameJson(old.metadata.labels, labels) || controllerOf(old) !== undefined;
  if (!isNews || controllerOf(object) !== undefined) return [];
  const selects = (owner: KubeObject) => labelSelectorOf(at(owner, 'spec', 'selector')).matches(labels);
  return store.list(owners, { namespace }).filter(selects);
}

function adopt(store: Store, resource: Resource, object: KubeObject, owner: KubeObject): KubeObject {
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)];
  return store.update(resource, { ...object, metadata: { ...object.metadata, ownerReferences } });
}

/** Takes the owner off the object's references. */
export function release(store: Store, resource: Resource, object: KubeObject, ownerUid: string): KubeObject {
  const { ownerReferences = [], ...metadata } = object.metadata;
  const left = ownerReferences.filter((owner) => owner.uid !== ownerUid);
  return store.update(resource, {
    ...object,
    metadata: { ...metadata, ...(left.length > 0 ? { ownerReferences: left } : {}) },
  });
}
