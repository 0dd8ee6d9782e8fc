/** Event objects: what controllers and kubelets tell about an object, the same thing told again raising its count. */
import { createHash } from 'node:crypto';
import { ApiStatus } from '../api-status.ts';
import { type KubeObject, kubeTime, number } from '../objects.ts';
import type { Store } from '../store.ts';
import type { Clock } from './clock.ts';

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** `deployment-controller`, `kubelet`: who tells it. */
  readonly component: string;
  /** The part of the object it speaks of: `spec.containers{app}`. */
  readonly fieldPath?: string;
}

export type Recorder = (about: KubeObject, told: Told) => void;

const LIFETIME_MS = 3_600_000;
/** Old events make room, so that a long demo does not grow without end. */
const MOST_EVENTS = 20_000;

export function createRecorder(store: Store, clock: Clock): Recorder {
  const ages: { readonly namespace: string; readonly name: string; readonly bornMs: number }[] = [];
  let first = 0;

  function forgetOld(): void {
    for (let oldest = ages[first]; oldest; oldest = ages[first]) {
      const isYoung = clock.now() - oldest.bornMs < LIFETIME_MS;
      if (isYoung && ages.length - first <= MOST_EVENTS) break;
      first += 1;
      if (store.get('events', oldest.namespace, oldest.name)) store.delete('events', oldest.namespace, oldest.name);
    }
    if (first > MOST_EVENTS) {
      ages.splice(0, first);
      first = 0;
    }
  }

  return (about, told) => {
    const namespace = about.metadata.namespace ?? 'default';
    const name = eventName(about, told);
    const now = kubeTime(clock.now());
    const known = store.get('events', namespace, name);
    if (known !== undefined) {
      store.update('events', { ...known, count: (number(known.count) ?? 1) + 1, lastTimestamp: now });
      return;
    }
    try {
      store.create('events', newEvent(about, told, { namespace, name, now }));
    } catch (error) {
      // A namespace that is going away takes no new events; nobody is left to read them.
      if (error instanceof ApiStatus) return;
      throw error;
    }
    ages.push({ namespace, name, bornMs: clock.now() });
    forgetOld();
  };
}

/** The same object, teller and text make the same name. */
function eventName(about: KubeObject, { type, reason, message, component, fieldPath }: Told): string {
  const parts = [about.metadata.uid, component, type, reason, message, fieldPath ?? ''];
  return `${about.metadata.name}.${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)}`;
}

function newEvent(
  about: KubeObject,
  told: Told,
  { namespace, name, now }: { readonly namespace: string; readonly name: string; readonly now: string },
) {
  const { metadata } = about;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: {
      kind: about.kind,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      name: metadata.name,
      uid: metadata.uid,
      apiVersion: about.apiVersion,
      resourceVersion: metadata.resourceVersion,
      ...(told.fieldPath === undefined ? {} : { fieldPath: told.fieldPath }),
    },
    reason: told.reason,
    message: told.message,
    source: { component: told.component },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: told.type,
    eventTime: null,
    reportingComponent: told.component,
    reportingInstance: '',
  };
}
