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

/** More different texts than this for one reason within ten minutes become one combined Event. */
const MOST_SIMILAR = 10;
const SIMILAR_MS = 600_000;
const MOST_REASONS = 4_096;
const LIFETIME_MS = 3_600_000;
/** Old events make room, so that a long demo does not grow without end. */
const MOST_EVENTS = 20_000;

export function createRecorder(store: Store, clock: Clock): Recorder {
  const ages: { readonly namespace: string; readonly name: string; readonly bornMs: number }[] = [];
  let first = 0;
  const combine = createCombiner(clock);

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

  return (about, plain) => {
    const namespace = about.metadata.namespace ?? 'default';
    const { told, subject } = combine(about, plain);
    const name = `${about.metadata.name}.${shortHash(subject)}`;
    const now = kubeTime(clock.now());
    const known = store.get('events', namespace, name);
    if (known !== undefined) {
      const count = (number(known.count) ?? 1) + 1;
      store.update('events', { ...known, message: told.message, count, lastTimestamp: now });
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

/** What is told and what makes it one Event: the same subject again raises its count. */
interface Combined {
  readonly told: Told;
  readonly subject: string;
}

function createCombiner(clock: Clock): (about: KubeObject, told: Told) => Combined {
  const reasons = new Map<string, { readonly texts: Set<string>; readonly sinceMs: number }>();

  return (about, told) => {
    const { type, reason, message, component, fieldPath = '' } = told;
    const key = [about.metadata.uid, component, type, reason].join('\n');
    const known = reasons.get(key);
    const isFresh = known !== undefined && clock.now() - known.sinceMs < SIMILAR_MS;
    const { texts } = isFresh ? known : { texts: new Set<string>() };
    if (!isFresh) reasons.set(key, { texts, sinceMs: clock.now() });
    const [oldest] = reasons.keys();
    if (reasons.size > MOST_REASONS && oldest !== undefined) reasons.delete(oldest);
    texts.add(`${message}\n${fieldPath}`);
    if (texts.size <= MOST_SIMILAR) return { told, subject: `${key}\n${message}\n${fieldPath}` };
    texts.delete(`${message}\n${fieldPath}`);
    return { told: { ...told, message: `(combined from similar events): ${message}` }, subject: key };
  };
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
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
