/** The ReplicaSet controller: keeps as many pods of a template as are asked for, and counts them. */
import { ApiStatus } from '../api-status.ts';
import { at, fields, items, type KubeObject, kubeTime, number, text } from '../objects.ts';
import type { StoreEvent } from '../store.ts';
import { requestDeletion } from './deletion.ts';
import { adopters, claim, controllerOf, controllerReference, keyOf, splitKey } from './ownership.ts';
import type { Controller, Room } from './room.ts';
import { createWorkQueue } from './work-queue.ts';
import { type Condition, counters, type ReplicaSet, readReplicaSet } from './workloads.ts';

const COMPONENT = 'replicaset-controller';
/** So many pods are made or deleted in one look. */
const BURST = 500;
/** So many failed pods stay to be looked at; the pod collector of a real cluster keeps 12,500 of all kinds. */
const FAILED_KEPT = 10;
/** A generated name leaves room for its five random characters. */
const GENERATED_NAME = 58;

export function createReplicaSetController(room: Room): Controller {
  const { store, clock } = room;
  const queue = createWorkQueue(clock, (key) => {
    const { namespace, name } = splitKey(key);
    const object = store.get('replicasets.apps', namespace, name);
    if (object === undefined) return queue.forget(key);
    const nextMs = sync(room, object);
    if (nextMs === undefined) queue.forget(key);
    else queue.addAfter(key, nextMs);
  });

  function see(event: StoreEvent): void {
    const { resource, object } = event;
    const { namespace } = object.metadata;
    if (resource === 'replicasets.apps') {
      queue.add(keyOf(namespace, object.metadata.name));
    } else if (resource === 'pods') {
      const owner = controllerOf(object);
      if (owner?.kind === 'ReplicaSet') queue.add(keyOf(namespace, owner.name));
      for (const { metadata } of adopters(store, 'replicasets.apps', event)) queue.add(keyOf(namespace, metadata.name));
    }
  }

  return { see, pause: queue.pause, resume: queue.resume, stop: queue.stop };
}

/** Answers when the next pod becomes available by age alone. Throws ApiStatus when pods could not be made. */
function sync(room: Room, object: KubeObject): number | undefined {
  const { store, clock } = room;
  const set = readReplicaSet(object);
  const claimed = claim(store, 'pods', object);
  const active = claimed.filter(isActive);
  forgetOldFailures(room, claimed);
  const problem = object.metadata.deletionTimestamp === undefined ? manage(room, set, active) : undefined;
  // Pods made or deleted just now are counted by the look that their events bring.
  const now = clock.now();
  const ready = active.filter((pod) => readySince(pod) !== undefined);
  const waitsMs = ready.map((pod) => (readySince(pod) ?? 0) + set.minReadySeconds * 1_000 - now);
  writeStatus(room, set, {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => isFullyLabelled(pod, set)).length,
    readyReplicas: ready.length,
    availableReplicas: waitsMs.filter((ms) => ms <= 0).length,
    terminatingReplicas: claimed.filter((pod) => pod.metadata.deletionTimestamp !== undefined).length,
    problem,
    missing: set.replicas - active.length,
  });
  if (problem !== undefined) throw problem;
  const later = waitsMs.filter((ms) => ms > 0);
  return later.length === 0 ? undefined : Math.min(...later);
}

function forgetOldFailures({ store, clock }: Room, pods: readonly KubeObject[]): void {
  const failed = pods.filter((pod) => at(pod, 'status', 'phase') === 'Failed' && !pod.metadata.deletionTimestamp);
  failed.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  for (const { metadata } of failed.slice(0, Math.max(0, failed.length - FAILED_KEPT))) {
    requestDeletion(store, 'pods', metadata.namespace, metadata.name, { now: clock.now() });
  }
}

function isActive(pod: KubeObject): boolean {
  const phase = text(at(pod, 'status', 'phase'));
  return phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined;
}

function isFullyLabelled(pod: KubeObject, { template }: ReplicaSet): boolean {
  const labels = Object.entries(fields(at(template, 'metadata', 'labels')));
  return labels.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/** Epoch ms of the Ready condition's last turn to True; undefined when the pod is not ready. */
function readySince(pod: KubeObject): number | undefined {
  const ready = items(at(pod, 'status', 'conditions')).find((condition) => at(condition, 'type') === 'Ready');
  if (at(ready, 'status') !== 'True') return undefined;
  return Date.parse(text(at(ready, 'lastTransitionTime')) ?? '') || 0;
}

/** Makes the missing pods or deletes the surplus; the answer is what the API server refused with. */
function manage(room: Room, set: ReplicaSet, active: readonly KubeObject[]): ApiStatus | undefined {
  const missing = Math.min(BURST, set.replicas - active.length);
  for (let made = 0; made < missing; made += 1) {
    const refusal = createPod(room, set);
    // The others would be refused too; one event is enough.
    if (refusal !== undefined) return refusal;
  }
  const surplus = Math.min(BURST, active.length - set.replicas);
  for (const pod of [...active].sort(leastUsefulFirst).slice(0, Math.max(0, surplus))) deletePod(room, set, pod);
  return undefined;
}

function createPod({ store, record }: Room, { object, template, name }: ReplicaSet): ApiStatus | undefined {
  const { labels, annotations } = fields(template.metadata);
  try {
    const pod = store.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${name}-`.slice(0, GENERATED_NAME),
        ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
        labels: strings(labels),
        ...(annotations === undefined ? {} : { annotations: strings(annotations) }),
        ownerReferences: [controllerReference(object)],
      },
      spec: template.spec,
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
    const message = `Created pod: ${pod.metadata.name}`;
    record(object, { type: 'Normal', reason: 'SuccessfulCreate', message, component: COMPONENT });
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiStatus)) throw error;
    const message = `Error creating: ${error.message}`;
    record(object, { type: 'Warning', reason: 'FailedCreate', message, component: COMPONENT });
    return error;
  }
}

function deletePod({ store, clock, record }: Room, { object }: ReplicaSet, pod: KubeObject): void {
  const { namespace, name } = pod.metadata;
  requestDeletion(store, 'pods', namespace, name, { now: clock.now() });
  const message = `Deleted pod: ${name}`;
  record(object, { type: 'Normal', reason: 'SuccessfulDelete', message, component: COMPONENT });
}

/** The order of the real controller: unassigned, pending, not ready, cheap, lately ready, often restarted, young. */
function leastUsefulFirst(left: KubeObject, right: KubeObject): number {
  const a = usefulness(left);
  const b = usefulness(right);
  const first = a.findIndex((value, index) => value !== b[index]);
  return first < 0 ? 0 : (a[first] ?? 0) - (b[first] ?? 0);
}

function usefulness(pod: KubeObject): readonly number[] {
  const phase = text(at(pod, 'status', 'phase'));
  const restarts = items(at(pod, 'status', 'containerStatuses')).map(
    (status) => number(at(status, 'restartCount')) ?? 0,
  );
  return [
    at(pod, 'spec', 'nodeName') === undefined ? 0 : 1,
    phase === 'Running' ? 1 : 0,
    readySince(pod) === undefined ? 0 : 1,
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0,
    -(readySince(pod) ?? 0),
    -Math.max(0, ...restarts),
    -Date.parse(pod.metadata.creationTimestamp),
  ];
}

interface Count {
  readonly replicas: number;
  readonly fullyLabeledReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly terminatingReplicas: number;
  readonly problem: ApiStatus | undefined;
  readonly missing: number;
}

function writeStatus({ store, clock }: Room, set: ReplicaSet, count: Count): void {
  const { replicas, fullyLabeledReplicas, readyReplicas, availableReplicas, terminatingReplicas } = count;
  const conditions = withFailure(set.status.conditions, count, kubeTime(clock.now()));
  store.update(
    'replicasets.apps',
    {
      ...set.object,
      status: {
        replicas,
        ...counters({ fullyLabeledReplicas, readyReplicas, availableReplicas }),
        terminatingReplicas,
        observedGeneration: set.object.metadata.generation ?? 1,
        ...(conditions.length > 0 ? { conditions } : {}),
      },
    },
    { subresource: 'status' },
  );
}

/** The first refusal stays as it was told until one look succeeds. */
function withFailure(conditions: readonly Condition[], { problem, missing }: Count, now: string) {
  const type = 'ReplicaFailure';
  const others = conditions.filter((condition) => condition.type !== type);
  if (problem === undefined) return others;
  if (others.length < conditions.length) return conditions;
  const reason = missing > 0 ? 'FailedCreate' : 'FailedDelete';
  return [...others, { type, status: 'True', lastTransitionTime: now, reason, message: problem.message }];
}

function strings(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields(value)).map(([key, field]) => [key, String(field)]));
}
