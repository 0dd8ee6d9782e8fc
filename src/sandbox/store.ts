/** The cluster's memory: objects, versions, and a synchronous feed of every change. */
import { randomUUID } from 'node:crypto';
import { alreadyExists, badRequest, conflict, notFound } from './api-status.ts';
import { type Collection, createCollection, objectKey } from './collection.ts';
import { type KubeObject, kubeTime, type NewObject, type ObjectMeta, sameJson } from './objects.ts';
import { apiVersionOf, RESOURCES, type Resource, type ResourceInfo, resourceInfo } from './resources.ts';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  /** The new version; for DELETED the last one, with a resourceVersion of its own. */
  readonly object: KubeObject;
  readonly old?: KubeObject;
}

export interface ListFilter {
  readonly namespace?: string | undefined;
  /** Objects with an ownerReference to this uid; indexed. */
  readonly ownerUid?: string | undefined;
  /** Labels that must be equal; indexed. */
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  /** Any further condition on labels; checked on what the indexes leave. */
  readonly labels?: (labels: Readonly<Record<string, string>>) => boolean;
}

export interface CreateOptions {
  /** Go through everything but keep nothing; what would be stored is returned. */
  readonly dryRun?: boolean;
}

export interface UpdateOptions extends CreateOptions {
  /**
   * `status`: take status, annotations and managedFields from the object and keep the rest; `everything`: take all of
   * it in one version. Without it, the stored status is kept.
   */
  readonly subresource?: 'status' | 'everything';
}

export interface Store {
  get(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined;
  /** In order of namespace and name. With an owner or labels the cost is the size of the answer. */
  list(resource: Resource, filter: ListFilter): readonly KubeObject[];
  count(resource: Resource, namespace: string | undefined): number;
  /** Fills in uid, resourceVersion, generation, creationTimestamp and the name from `generateName`; throws ApiStatus. */
  create(resource: Resource, object: NewObject, options?: CreateOptions): KubeObject;
  /** The name an object gets: its own, else one made from its `generateName`; throws ApiStatus 400 without either. */
  nameFor(resource: Resource, object: NewObject): string;
  /** Refuses (409) a stale resourceVersion when one is given; a write that changes nothing returns the stored object. */
  update(resource: Resource, object: NewObject, options?: UpdateOptions): KubeObject;
  /** Removes at once, whatever finalizers say; throws ApiStatus 404. */
  delete(resource: Resource, namespace: string | undefined, name: string): void;
  /** Listeners are called synchronously and in order of resourceVersion. The returned function ends it. */
  subscribe(listener: (event: StoreEvent) => void): () => void;
  /** The resourceVersion of the newest change. */
  version(): number;
}

export interface StoreOptions {
  /** Runs before every create, the controllers' own included; throws ApiStatus to refuse. */
  readonly admit?: (resource: Resource, object: KubeObject, store: Store) => void;
  /** Wall clock for creationTimestamp, epoch ms. */
  readonly now?: () => number;
}

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

function randomSuffix(): string {
  return Array.from({ length: 5 }, () => SUFFIX_LETTERS[Math.floor(Math.random() * SUFFIX_LETTERS.length)]).join('');
}

export function createStore(options: StoreOptions = {}): Store {
  const now = options.now ?? Date.now;
  const collections = new Map<Resource, Collection>(
    RESOURCES.filter((info) => info.storage === info.key).map((info) => [info.key, createCollection()]),
  );
  const listeners = new Set<(event: StoreEvent) => void>();
  let version = 1;
  // A listener may write: its event waits its turn, so that everybody sees changes in one order.
  const waiting: StoreEvent[] = [];
  let telling = false;

  function collection(resource: Resource): Collection {
    const found = collections.get(resource);
    if (!found) throw new Error(`the sandbox stores no ${resource}`);
    return found;
  }

  function tell(event: StoreEvent): void {
    waiting.push(event);
    if (telling) return;
    telling = true;
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        for (const listener of listeners) listener(next);
      }
    } finally {
      telling = false;
    }
  }

  function nameFor(resource: Resource, object: NewObject): string {
    const { name, generateName, namespace } = object.metadata;
    if (name) return name;
    if (!generateName) throw badRequest('name or generateName is required');
    for (;;) {
      const candidate = `${generateName}${randomSuffix()}`;
      if (!collection(resource).get(namespace, candidate)) return candidate;
    }
  }

  function create(resource: Resource, object: NewObject, how: CreateOptions = {}): KubeObject {
    const info = resourceInfo(resource);
    const name = nameFor(resource, object);
    const { namespace } = object.metadata;
    const metadata: ObjectMeta = {
      ...object.metadata,
      name,
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp: kubeTime(now()),
      ...(info.generation === 'none' ? {} : { generation: 1 }),
    };
    const pending: KubeObject = { ...object, apiVersion: apiVersionOf(info), kind: info.kind, metadata };
    if (collection(resource).get(namespace, name)) throw alreadyExists(resource, name);
    options.admit?.(resource, pending, store);
    if (how.dryRun) return pending;
    version += 1;
    const created = { ...pending, metadata: { ...metadata, resourceVersion: String(version) } };
    collection(resource).set(objectKey(namespace, name), created);
    tell({ type: 'ADDED', resource, object: created });
    return created;
  }

  function update(resource: Resource, object: NewObject, how: UpdateOptions = {}): KubeObject {
    const { name = '', namespace, resourceVersion, uid } = object.metadata;
    const old = collection(resource).get(namespace, name);
    if (!old) throw notFound(resource, name);
    if (uid && uid !== old.metadata.uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
      );
    }
    if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) throw conflict(resource, name);
    const next = nextVersion(resourceInfo(resource), old, object, how);
    if (sameJson(next, old)) return old;
    if (how.dryRun) return next;
    version += 1;
    const stored = { ...next, metadata: { ...next.metadata, resourceVersion: String(version) } };
    collection(resource).set(objectKey(namespace, name), stored);
    tell({ type: 'MODIFIED', resource, object: stored, old });
    return stored;
  }

  function remove(resource: Resource, namespace: string | undefined, name: string): void {
    const old = collection(resource).get(namespace, name);
    if (!old) throw notFound(resource, name);
    version += 1;
    collection(resource).set(objectKey(namespace, name), undefined);
    const last = { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } };
    tell({ type: 'DELETED', resource, object: last, old });
  }

  const store: Store = {
    get: (resource, namespace, name) => collection(resource).get(namespace, name),
    list: (resource, filter) => listFrom(collection(resource), filter),
    count: (resource, namespace) => collection(resource).count(namespace),
    create,
    nameFor,
    update,
    delete: remove,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    version: () => version,
  };
  return store;
}

function listFrom(collection: Collection, filter: ListFilter): readonly KubeObject[] {
  const { namespace, ownerUid, matchLabels, labels } = filter;
  const narrow = ownerUid !== undefined || Object.keys(matchLabels ?? {}).length > 0;
  if (!narrow) {
    const sorted = collection.sorted(namespace);
    return labels ? sorted.filter((object) => labels(object.metadata.labels ?? {})) : sorted;
  }
  const found: KubeObject[] = [];
  for (const object of collection.candidates(filter)) {
    const { metadata } = object;
    if (namespace !== undefined && metadata.namespace !== namespace) continue;
    if (ownerUid !== undefined && !metadata.ownerReferences?.some((owner) => owner.uid === ownerUid)) continue;
    const own = metadata.labels ?? {};
    if (Object.entries(matchLabels ?? {}).some(([key, value]) => own[key] !== value)) continue;
    if (labels && !labels(own)) continue;
    found.push(object);
  }
  return found.sort(byKey);
}

function byKey(left: KubeObject, right: KubeObject): number {
  const a = objectKey(left.metadata.namespace, left.metadata.name);
  const b = objectKey(right.metadata.namespace, right.metadata.name);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The object as it would be stored, still with the old resourceVersion. */
function nextVersion(info: ResourceInfo, old: KubeObject, object: NewObject, how: UpdateOptions): KubeObject {
  const hasStatus = info.subresources.includes('status');
  const { status: newStatus, ...body } = object;
  const { status: oldStatus, ...oldBody } = old;
  const taken = how.subresource === 'status' ? oldBody : body;
  const status = hasStatus && how.subresource === undefined ? oldStatus : newStatus;
  const metadata: ObjectMeta = {
    ...(how.subresource === 'status' ? statusMetadata(old, object) : object.metadata),
    name: old.metadata.name,
    uid: old.metadata.uid,
    creationTimestamp: old.metadata.creationTimestamp,
    resourceVersion: old.metadata.resourceVersion,
  };
  const next: KubeObject = {
    ...taken,
    apiVersion: old.apiVersion,
    kind: old.kind,
    metadata,
    ...(status === undefined ? {} : { status }),
  };
  return withGeneration(info, old, next, how);
}

/** A write to the status may also change annotations, as the Deployment controller does with the revision. */
function statusMetadata(old: KubeObject, object: NewObject): ObjectMeta {
  const { annotations, managedFields } = object.metadata;
  return { ...old.metadata, ...(annotations ? { annotations } : {}), ...(managedFields ? { managedFields } : {}) };
}

/**
 * Status writes never raise it, not even by an annotation, as the Deployment controller's revision shows; nor do those
 * that set spec and status at once, as when a pod is bound to its node.
 */
function withGeneration(info: ResourceInfo, old: KubeObject, next: KubeObject, how: UpdateOptions): KubeObject {
  const { generation: _, ...metadata } = next.metadata;
  if (info.generation === 'none') return { ...next, metadata };
  const isEnding = old.metadata.deletionTimestamp === undefined && next.metadata.deletionTimestamp !== undefined;
  const raised = isEnding || (how.subresource === undefined && isChanged(info, old, next));
  const generation = (old.metadata.generation ?? 1) + (raised ? 1 : 0);
  return { ...next, metadata: { ...metadata, generation } };
}

function isChanged(info: ResourceInfo, old: KubeObject, next: KubeObject): boolean {
  if (!sameJson(old.spec, next.spec)) return true;
  return info.generation === 'spec-and-annotations' && !sameJson(old.metadata.annotations, next.metadata.annotations);
}
