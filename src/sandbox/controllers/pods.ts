/** The sandbox's kubelet and scheduler in one: plays every pod's life by its rule. */
import { at, fields, type KubeObject, kubeTime } from '../objects.ts';
import type { PodRule } from '../pod-rules.ts';
import { type PodShape, podShape } from '../pod-shape.ts';
import { NODE_NAME, type PodStep, podSteps } from '../pod-status.ts';
import type { StoreEvent } from '../store.ts';
import { keyOf, splitKey } from './ownership.ts';
import type { Controller, Room } from './room.ts';
import { createWorkQueue } from './work-queue.ts';

export interface PodRules {
  ruleFor(pod: PodShape): PodRule;
  /** Pod time passes so many times faster than the clock. */
  readonly speed: number;
}

/** Pod time between the deletion of a pod and its end. */
const STOPPING_MS = 1_000;

/** A pod being played: the step to come and the timer for it. One timer per pod, none once nothing will change. */
interface Play {
  readonly uid: string;
  readonly startedMs: number;
  readonly steps: Iterator<PodStep, void>;
  next: PodStep | undefined;
  isStopping: boolean;
  cancel: () => void;
}

export function createPodLife(room: Room, rules: PodRules): Controller {
  const { store, clock, record } = room;
  const plays = new Map<string, Play>();
  const queue = createWorkQueue(clock, (key) => {
    const { namespace, name } = splitKey(key);
    const pod = store.get('pods', namespace, name);
    const play = plays.get(key);
    if (pod === undefined) end(key);
    else if (play?.uid !== pod.metadata.uid) begin(key, pod);
    else if (pod.metadata.deletionTimestamp !== undefined && !play.isStopping) stop(key, play, pod);
  });

  function end(key: string): void {
    plays.get(key)?.cancel();
    plays.delete(key);
  }

  function begin(key: string, pod: KubeObject): void {
    end(key);
    const { uid, deletionTimestamp } = pod.metadata;
    const shape = podShape(pod);
    const startedMs = clock.now();
    const timeOf = (atMs: number) => kubeTime(startedMs + atMs / rules.speed);
    const steps = podSteps({ rule: rules.ruleFor(shape), pod: shape, timeOf });
    const play: Play = { uid, startedMs, steps, next: undefined, isStopping: false, cancel() {} };
    plays.set(key, play);
    if (deletionTimestamp !== undefined) {
      stop(key, play, pod);
      return;
    }
    play.next = steps.next().value ?? undefined;
    advance(key, play);
  }

  /** Takes every step that is due and sets the timer for the next one. */
  function advance(key: string, play: Play): void {
    const dueMs = (step: PodStep) => play.startedMs + step.atMs / rules.speed - clock.now();
    while (play.next !== undefined && dueMs(play.next) <= 0) {
      // The pod went or is going: its own event says so and is dealt with in its turn.
      if (!apply(key, play.uid, play.next)) return;
      play.next = play.steps.next().value ?? undefined;
    }
    if (play.next !== undefined) play.cancel = clock.after(dueMs(play.next), () => advance(key, play));
  }

  /** Shows one step; false when the pod is no longer there or somebody is stopping it. */
  function apply(key: string, uid: string, step: PodStep): boolean {
    const { namespace, name } = splitKey(key);
    const pod = store.get('pods', namespace, name);
    if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return false;
    const isBound = at(pod, 'spec', 'nodeName') !== undefined;
    const spec = step.scheduled && !isBound ? { ...fields(pod.spec), nodeName: NODE_NAME } : pod.spec;
    store.update('pods', { ...pod, spec, status: step.status }, { subresource: 'everything' });
    for (const event of step.events) record(pod, event);
    return true;
  }

  function stop(key: string, play: Play, pod: KubeObject): void {
    play.cancel();
    play.isStopping = true;
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000;
    play.cancel = clock.after(Math.min(STOPPING_MS, graceMs) / rules.speed, () => gone(key, play.uid));
    for (const { name } of podShape(pod).containers) {
      const fieldPath = `spec.containers{${name}}`;
      const message = `Stopping container ${name}`;
      record(pod, { type: 'Normal', reason: 'Killing', message, component: 'kubelet', fieldPath });
    }
  }

  /** The containers have ended. Somebody's finalizer may keep the pod: it goes when that is taken off. */
  function gone(key: string, uid: string): void {
    const { namespace, name } = splitKey(key);
    const pod = store.get('pods', namespace, name);
    if (pod?.metadata.uid !== uid) return;
    if ((pod.metadata.finalizers ?? []).length === 0) store.delete('pods', namespace, name);
    else store.update('pods', { ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 0 } });
  }

  return {
    see({ resource, object }: StoreEvent) {
      if (resource === 'pods') queue.add(keyOf(object.metadata.namespace, object.metadata.name));
    },
    pause() {},
    resume() {},
    stop() {
      queue.stop();
      for (const key of [...plays.keys()]) end(key);
    },
  };
}
