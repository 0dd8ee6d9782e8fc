/** The garbage collector: what is owned goes after its owner, or is set free when the owner is deleted as an orphan's. */
import type { KubeObject, OwnerReference } from '../objects.ts';
import { apiVersionOf, RESOURCES, type Resource, type ResourceInfo } from '../resources.ts';
import type { StoreEvent } from '../store.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER, removeFinalizer, requestDeletion } from './deletion.ts';
import { release } from './ownership.ts';
import type { Controller, Room } from './room.ts';
import { createWorkQueue } from './work-queue.ts';

const STORED = RESOURCES.filter((info) => info.storage === info.key);

interface Dependent {
  readonly resource: Resource;
  readonly object: KubeObject;
}

export function createGarbageCollector(room: Room): Controller {
  const { store, clock } = room;
  /** Work is `gone <uid>` (an owner that left) or `look <resource> <namespace> <name>`. */
  const queue = createWorkQueue(clock, (key) => {
    const [kind = '', first = '', namespace = '', name = ''] = key.split(' ');
    if (kind === 'gone') for (const dependent of dependentsOf(room, first)) collect(room, dependent);
    else look(room, first, namespace === '' ? undefined : namespace, name);
  });

  function see({ type, resource, object }: StoreEvent): void {
    const { uid, name, namespace = '', ownerReferences = [], finalizers = [], deletionTimestamp } = object.metadata;
    if (resource === 'events') return;
    if (type === 'DELETED') {
      queue.add(`gone ${uid}`);
      // A foreground deletion waits for its dependents.
      for (const owner of ownerReferences) {
        const info = infoOf(owner);
        if (info !== undefined) queue.add(`look ${info.key} ${info.namespaced ? namespace : ''} ${owner.name}`);
      }
    } else if (type === 'ADDED' && ownerReferences.length > 0) {
      queue.add(`look ${resource} ${namespace} ${name}`);
    } else if (deletionTimestamp !== undefined && finalizers.length > 0) {
      queue.add(`look ${resource} ${namespace} ${name}`);
    }
  }

  return { see, pause: queue.pause, resume: queue.resume, stop: queue.stop };

  function look({ store: objects }: Room, resource: Resource, namespace: string | undefined, name: string): void {
    const object = objects.get(resource, namespace, name);
    if (object === undefined) return;
    if (object.metadata.deletionTimestamp === undefined) {
      if ((object.metadata.ownerReferences ?? []).length > 0) collect(room, { resource, object });
      return;
    }
    finalise(resource, object);
  }

  function finalise(resource: Resource, object: KubeObject): void {
    const { uid, finalizers = [] } = object.metadata;
    const dependents = dependentsOf(room, uid);
    if (finalizers.includes(ORPHAN_FINALIZER)) {
      for (const dependent of dependents) release(store, dependent.resource, dependent.object, uid);
      removeFinalizer(store, resource, object, ORPHAN_FINALIZER);
    } else if (finalizers.includes(FOREGROUND_FINALIZER)) {
      for (const dependent of dependents) {
        const hasOwn = dependentsOf(room, dependent.object.metadata.uid).length > 0;
        remove(room, dependent, hasOwn ? 'Foreground' : 'Background');
      }
      const blocking = dependentsOf(room, uid).some((dependent) => blocks(dependent.object, uid));
      if (!blocking) removeFinalizer(store, resource, object, FOREGROUND_FINALIZER);
    }
  }
}

function blocks(object: KubeObject, ownerUid: string): boolean {
  return (object.metadata.ownerReferences ?? []).some((owner) => owner.uid === ownerUid && owner.blockOwnerDeletion);
}

function dependentsOf({ store }: Room, ownerUid: string): readonly Dependent[] {
  return STORED.flatMap(({ key }) => store.list(key, { ownerUid }).map((object) => ({ resource: key, object })));
}

/** Deletes what has no owner left; one that has others only loses the references to those that are gone. */
function collect(room: Room, dependent: Dependent): void {
  const { resource, object } = dependent;
  const owners = object.metadata.ownerReferences ?? [];
  const gone = owners.filter((owner) => !exists(room, owner, object.metadata.namespace));
  if (gone.length === 0) return;
  if (gone.length === owners.length) {
    remove(room, dependent, 'Background');
    return;
  }
  let left = object;
  for (const owner of gone) left = release(room.store, resource, left, owner.uid);
}

function exists({ store }: Room, owner: OwnerReference, namespace: string | undefined): boolean {
  const info = infoOf(owner);
  // An owner of a kind the sandbox does not know is taken as being there.
  if (info === undefined) return true;
  return store.get(info.key, info.namespaced ? namespace : undefined, owner.name)?.metadata.uid === owner.uid;
}

function infoOf(owner: OwnerReference): ResourceInfo | undefined {
  return STORED.find((info) => info.kind === owner.kind && apiVersionOf(info) === owner.apiVersion);
}

function remove(
  { store, clock }: Room,
  { resource, object }: Dependent,
  propagation: 'Background' | 'Foreground',
): void {
  const { namespace, name, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return;
  requestDeletion(store, resource, namespace, name, { propagation, now: clock.now() });
}
