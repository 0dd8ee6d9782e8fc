/** The namespace controller: empties a namespace that is being deleted, then lets it go. */
import { RESOURCES } from '../resources.ts';
import type { StoreEvent } from '../store.ts';
import { requestDeletion } from './deletion.ts';
import type { Controller, Room } from './room.ts';
import { createWorkQueue } from './work-queue.ts';

const CONTENT = RESOURCES.filter((info) => info.storage === info.key && info.namespaced).map((info) => info.key);

export function createNamespaceController({ store, clock }: Room): Controller {
  const isTerminating = (name: string | undefined) =>
    name !== undefined && store.get('namespaces', undefined, name)?.metadata.deletionTimestamp !== undefined;

  const queue = createWorkQueue(clock, (name) => {
    if (!isTerminating(name)) return;
    for (const resource of CONTENT) {
      for (const { metadata } of store.list(resource, { namespace: name })) {
        if (metadata.deletionTimestamp !== undefined) continue;
        requestDeletion(store, resource, name, metadata.name, { propagation: 'Background', now: clock.now() });
      }
    }
    // What terminates slowly comes back here with its DELETED event.
    const left = CONTENT.some((resource) => store.count(resource, name) > 0);
    if (!left) store.delete('namespaces', undefined, name);
  });

  function see({ type, resource, object }: StoreEvent): void {
    const { name, namespace, deletionTimestamp } = object.metadata;
    if (resource === 'namespaces' && deletionTimestamp !== undefined) queue.add(name);
    else if (type !== 'MODIFIED' && isTerminating(namespace)) queue.add(namespace ?? '');
  }

  return { see, pause: queue.pause, resume: queue.resume, stop: queue.stop };
}
