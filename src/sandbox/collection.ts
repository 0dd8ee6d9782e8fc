/** All objects of one resource, with the indexes that keep every change and every narrow list flat in cost. */
import type { KubeObject } from './objects.ts';

type Bucket = Map<string, KubeObject>;

export interface Collection {
  get(namespace: string | undefined, name: string): KubeObject | undefined;
  /** Puts, replaces or (with undefined) removes the object of that key. */
  set(key: string, next: KubeObject | undefined): void;
  /** The smallest indexed set that holds every object matching the given parts, in no promised order. */
  candidates(parts: CandidateParts): Iterable<KubeObject>;
  /** Like `candidates`, for a namespace or everything, ordered by namespace and name as etcd orders them. */
  sorted(namespace: string | undefined): readonly KubeObject[];
  count(namespace: string | undefined): number;
}

export interface CandidateParts {
  readonly namespace?: string | undefined;
  readonly ownerUid?: string | undefined;
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
}

export function objectKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** Index keys: `n ` namespace, `o ` owner, `l ` label within a namespace, `L ` label anywhere. */
function* indexKeys(object: KubeObject): Generator<string> {
  const { namespace, labels, ownerReferences } = object.metadata;
  if (namespace !== undefined) yield `n ${namespace}`;
  for (const owner of ownerReferences ?? []) yield `o ${owner.uid}`;
  for (const [key, value] of Object.entries(labels ?? {})) {
    yield `L ${key}=${value}`;
    if (namespace !== undefined) yield `l ${namespace} ${key}=${value}`;
  }
}

function partKeys(parts: CandidateParts): string[] {
  const keys: string[] = [];
  if (parts.namespace !== undefined) keys.push(`n ${parts.namespace}`);
  if (parts.ownerUid !== undefined) keys.push(`o ${parts.ownerUid}`);
  for (const [key, value] of Object.entries(parts.matchLabels ?? {})) {
    keys.push(parts.namespace === undefined ? `L ${key}=${value}` : `l ${parts.namespace} ${key}=${value}`);
  }
  return keys;
}

export function createCollection(): Collection {
  const all: Bucket = new Map();
  const index = new Map<string, Bucket>();
  const orders = new Map<string, readonly string[]>();

  const bucketOf = (namespace: string | undefined): Bucket | undefined =>
    namespace === undefined ? all : index.get(`n ${namespace}`);

  function unindex(key: string, object: KubeObject): void {
    for (const indexKey of indexKeys(object)) {
      const bucket = index.get(indexKey);
      bucket?.delete(key);
      if (bucket?.size === 0) index.delete(indexKey);
    }
  }

  function reindex(key: string, object: KubeObject): void {
    for (const indexKey of indexKeys(object)) {
      const bucket = index.get(indexKey);
      if (bucket) bucket.set(key, object);
      else index.set(indexKey, new Map([[key, object]]));
    }
  }

  function set(key: string, next: KubeObject | undefined): void {
    const old = all.get(key);
    if (old) unindex(key, old);
    if (next) {
      all.set(key, next);
      reindex(key, next);
    } else {
      all.delete(key);
    }
    // Only a key that comes or goes changes the order; a new version of an object does not.
    if (!old !== !next) {
      orders.delete('');
      orders.delete((next ?? old)?.metadata.namespace ?? '');
    }
  }

  function candidates(parts: CandidateParts): Iterable<KubeObject> {
    let smallest = all;
    for (const key of partKeys(parts)) {
      const bucket = index.get(key);
      if (!bucket) return [];
      if (bucket.size <= smallest.size) smallest = bucket;
    }
    return smallest.values();
  }

  function sorted(namespace: string | undefined): readonly KubeObject[] {
    const bucket = bucketOf(namespace);
    if (!bucket) return [];
    const known = orders.get(namespace ?? '');
    const order = known ?? [...bucket.keys()].sort();
    if (!known) orders.set(namespace ?? '', order);
    return order.flatMap((key) => bucket.get(key) ?? []);
  }

  return {
    get: (namespace, name) => all.get(objectKey(namespace, name)),
    set,
    candidates,
    sorted,
    count: (namespace) => bucketOf(namespace)?.size ?? 0,
  };
}
