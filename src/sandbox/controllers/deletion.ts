/** What a DELETE does: some objects go at once, others are marked and go when their finalizers or grace are over. */
import { notFound } from '../api-status.ts';
import { at, fields, items, type KubeObject, kubeTime, number, text } from '../objects.ts';
import type { Resource } from '../resources.ts';
import type { Store } from '../store.ts';

export interface DeletionOptions {
  /** Default: background. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  /** For pods; 0 removes at once. Default: what the pod says, else 30. */
  readonly graceSeconds?: number | undefined;
  /** Epoch ms. */
  readonly now: number;
}

export const ORPHAN_FINALIZER = 'orphan';
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

/**
 * Asks for an object's deletion as the API server does. The answer is the object marked as terminating, or undefined
 * when it is already gone. Throws ApiStatus 404.
 */
export function requestDeletion(
  store: Store,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  options: DeletionOptions,
): KubeObject | undefined {
  const object = store.get(resource, namespace, name);
  if (object === undefined) throw notFound(resource, name);
  const finalizers = finalizersFor(object, options);
  const graceSeconds = resource === 'pods' ? graceOf(object, options) : 0;
  const content = resource === 'namespaces' && items(at(object, 'spec', 'finalizers')).length > 0;
  if (finalizers.length === 0 && graceSeconds === 0 && !content) {
    store.delete(resource, namespace, name);
    return undefined;
  }
  const earlier = object.metadata.deletionGracePeriodSeconds;
  if (object.metadata.deletionTimestamp !== undefined && (earlier ?? 0) <= graceSeconds) return object;
  return store.update(
    resource,
    {
      ...object,
      metadata: {
        ...object.metadata,
        ...(finalizers.length > 0 ? { finalizers } : {}),
        deletionTimestamp: kubeTime(options.now + graceSeconds * 1_000),
        deletionGracePeriodSeconds: graceSeconds,
      },
      ...(resource === 'namespaces' ? { status: { ...fields(object.status), phase: 'Terminating' } } : {}),
    },
    { subresource: 'everything' },
  );
}

function finalizersFor(object: KubeObject, { propagation }: DeletionOptions): readonly string[] {
  const others = (object.metadata.finalizers ?? []).filter(
    (finalizer) => finalizer !== ORPHAN_FINALIZER && finalizer !== FOREGROUND_FINALIZER,
  );
  if (propagation === 'Orphan') return [...others, ORPHAN_FINALIZER];
  if (propagation === 'Foreground') return [...others, FOREGROUND_FINALIZER];
  return propagation === undefined ? (object.metadata.finalizers ?? []) : others;
}

/** A pod nobody runs, or that is over, needs no time to stop. */
function graceOf(pod: KubeObject, { graceSeconds }: DeletionOptions): number {
  const phase = text(at(pod, 'status', 'phase'));
  const isRun = text(at(pod, 'spec', 'nodeName')) !== undefined && phase !== 'Succeeded' && phase !== 'Failed';
  if (!isRun) return 0;
  return graceSeconds ?? number(at(pod, 'spec', 'terminationGracePeriodSeconds')) ?? 30;
}

/** Takes one finalizer off a terminating object; the last one off lets it go, unless its grace still runs. */
export function removeFinalizer(store: Store, resource: Resource, object: KubeObject, finalizer: string): void {
  const { finalizers = [], ...metadata } = object.metadata;
  const left = finalizers.filter((name) => name !== finalizer);
  const isOver = left.length === 0 && (metadata.deletionGracePeriodSeconds ?? 0) === 0;
  if (isOver) store.delete(resource, metadata.namespace, metadata.name);
  else
    store.update(resource, { ...object, metadata: { ...metadata, ...(left.length > 0 ? { finalizers: left } : {}) } });
}
