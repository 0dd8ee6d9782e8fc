/** The Deployment controller: from a pod template to ReplicaSets, one step of the rollout per look. */
import { ApiStatus } from '../api-status.ts';
import { at, type KubeObject, number, text } from '../objects.ts';
import type { StoreEvent } from '../store.ts';
import { conditionOf } from './conditions.ts';
import { requestDeletion } from './deletion.ts';
import { nextProgressCheckMs, PROGRESSING } from './deployment-progress.ts';
import { countsOf, writeFinding, writeStatus } from './deployment-status.ts';
import { adopters, claim, controllerOf, keyOf, splitKey } from './ownership.ts';
import { createReplicaSet, type Generations, generationsOf, refreshed } from './revisions.ts';
import type { Controller, Room } from './room.ts';
import {
  COMPONENT,
  roomForNew,
  scaleInPlace,
  scaleNew,
  scaleOldDown,
  scaleOldToZero,
  scaleSet,
  wasScaled,
} from './scaling.ts';
import { createWorkQueue } from './work-queue.ts';
import { type Deployment, REVISION, readDeployment } from './workloads.ts';

export function createDeploymentController(room: Room): Controller {
  const { store, clock } = room;
  const queue = createWorkQueue(clock, (key) => {
    const { namespace, name } = splitKey(key);
    const object = store.get('deployments.apps', namespace, name);
    if (object === undefined) return queue.forget(key);
    const deployment = readDeployment(object);
    const generations = generationsOf(deployment, claim(store, 'replicasets.apps', object));
    sync(room, deployment, generations);
    const checkMs = nextProgressCheckMs(deployment, countsOf(generations), clock.now());
    if (checkMs === undefined) queue.forget(key);
    else queue.addAfter(key, checkMs);
  });

  function addOwnerOf(object: KubeObject): void {
    const owner = controllerOf(object);
    if (owner?.kind === 'Deployment') queue.add(keyOf(object.metadata.namespace, owner.name));
  }

  function see(event: StoreEvent): void {
    const { type, resource, object } = event;
    if (resource === 'deployments.apps') {
      queue.add(keyOf(object.metadata.namespace, object.metadata.name));
    } else if (resource === 'replicasets.apps') {
      addOwnerOf(object);
      for (const { metadata } of adopters(store, 'deployments.apps', event)) {
        queue.add(keyOf(metadata.namespace, metadata.name));
      }
    } else if (resource === 'pods' && type === 'DELETED') {
      // Recreate waits for the last old pod to be gone.
      const owner = controllerOf(object);
      const set = owner && store.get('replicasets.apps', object.metadata.namespace, owner.name);
      if (set !== undefined) addOwnerOf(set);
    }
  }

  return { see, pause: queue.pause, resume: queue.resume, stop: queue.stop };
}

/** At most one write to the Deployment itself: its event brings the next look. */
function sync(room: Room, deployment: Deployment, found: Generations): void {
  if (deployment.object.metadata.deletionTimestamp !== undefined) {
    writeStatus(room, deployment, found, false);
    return;
  }
  if (notesPause(room, deployment)) return;
  const generations = { ...found, current: refreshed(room, deployment, found) };
  if (notesRevision(room, deployment, generations)) return;

  if (deployment.paused || wasScaled(deployment, generations)) {
    const scaled = scaleInPlace(room, deployment, generations);
    cleanUp(room, deployment, scaled);
    writeStatus(room, deployment, scaled, false);
  } else if (deployment.strategy === 'Recreate') {
    recreate(room, deployment, generations);
  } else {
    roll(room, deployment, generations);
  }
}

function roll(room: Room, deployment: Deployment, generations: Generations): void {
  if (generations.current === undefined) {
    createNew(room, deployment, generations);
    return;
  }
  const grown = scaleNew(room, deployment, generations);
  const done = grown === generations ? scaleOldDown(room, deployment, generations) : grown;
  if (done === generations) cleanUp(room, deployment, generations);
  writeStatus(room, deployment, done, true);
}

function recreate(room: Room, deployment: Deployment, generations: Generations): void {
  const shrunk = scaleOldToZero(room, deployment, generations);
  if (shrunk !== generations || hasOldPods(room, generations)) {
    writeStatus(room, deployment, shrunk, true);
    return;
  }
  const { current } = generations;
  if (current === undefined) {
    createNew(room, deployment, generations);
    return;
  }
  const grown =
    current.replicas === deployment.replicas ? current : scaleSet(room, deployment, current, deployment.replicas);
  cleanUp(room, deployment, generations);
  writeStatus(room, deployment, { ...generations, current: grown }, true);
}

function hasOldPods({ store }: Room, { old }: Generations): boolean {
  return old.some((set) =>
    store.list('pods', { ownerUid: set.uid }).some((pod) => {
      const phase = text(at(pod, 'status', 'phase'));
      return phase !== 'Failed' && phase !== 'Succeeded';
    }),
  );
}

/** Pausing and resuming are noted, so that the time of the pause does not count against the deadline. */
function notesPause(room: Room, deployment: Deployment): boolean {
  const { paused, status, progressDeadlineSeconds } = deployment;
  const progress = conditionOf(status.conditions, PROGRESSING);
  if (progressDeadlineSeconds === undefined || progress?.reason === 'ProgressDeadlineExceeded') return false;
  const isNoted = progress?.reason === 'DeploymentPaused';
  if (paused === isNoted) return false;
  const [reason, message] = paused
    ? ['DeploymentPaused', 'Deployment is paused']
    : ['DeploymentResumed', 'Deployment is resumed'];
  writeFinding(room, deployment, { finding: { type: PROGRESSING, status: 'Unknown', reason, message } });
  return true;
}

/** The Deployment carries the revision of its new ReplicaSet. */
function notesRevision(room: Room, deployment: Deployment, { current }: Generations): boolean {
  if (current === undefined) return false;
  const revision = current.annotations[REVISION];
  const isNoted = deployment.object.metadata.annotations?.[REVISION] === revision;
  const isWatched = deployment.progressDeadlineSeconds !== undefined;
  const isFound = !isWatched || conditionOf(deployment.status.conditions, PROGRESSING) !== undefined;
  if (isNoted && isFound) return false;
  const message = `Found new replica set "${current.name}"`;
  const found = { type: PROGRESSING, status: 'True', reason: 'FoundNewReplicaSet', message } as const;
  writeFinding(room, deployment, {
    ...(revision === undefined ? {} : { revision }),
    ...(isFound ? {} : { finding: found }),
  });
  return true;
}

function createNew(room: Room, deployment: Deployment, generations: Generations): void {
  const replicas = roomForNew(deployment, generations);
  const isWatched = deployment.progressDeadlineSeconds !== undefined;
  try {
    const created = createReplicaSet(room, deployment, generations, replicas);
    if (created.kind === 'collision') {
      const collisions = number(at(deployment.object, 'status', 'collisionCount')) ?? 0;
      writeFinding(room, deployment, { collisionCount: collisions + 1 });
      return;
    }
    const { name, annotations } = created.set;
    if (replicas > 0) {
      const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
      room.record(deployment.object, { type: 'Normal', reason: 'ScalingReplicaSet', message, component: COMPONENT });
    }
    const finding = {
      type: PROGRESSING,
      status: 'True',
      reason: 'NewReplicaSetCreated',
      message: `Created new replica set "${name}"`,
    } as const;
    writeFinding(room, deployment, { revision: annotations[REVISION] ?? '', ...(isWatched ? { finding } : {}) });
  } catch (error) {
    if (!(error instanceof ApiStatus)) throw error;
    const reason = 'ReplicaSetCreateError';
    const message = `Failed to create new replica set: ${error.message}`;
    room.record(deployment.object, { type: 'Warning', reason, message, component: COMPONENT });
    if (isWatched) {
      writeFinding(room, deployment, { finding: { type: PROGRESSING, status: 'False', reason, message } });
    }
    throw error;
  }
}

/** Old ReplicaSets without pods beyond the history limit go, the lowest revision first. */
function cleanUp({ store, clock }: Room, deployment: Deployment, { old }: Generations): void {
  const alive = old.filter((set) => set.object.metadata.deletionTimestamp === undefined);
  const excess = Math.max(0, alive.length - deployment.revisionHistoryLimit);
  const candidates = alive.sort((a, b) => a.revision - b.revision).slice(0, excess);
  for (const { object, name, replicas, status } of candidates) {
    const isIdle = replicas === 0 && status.replicas === 0;
    if (!isIdle || (object.metadata.generation ?? 0) > status.observedGeneration) continue;
    requestDeletion(store, 'replicasets.apps', deployment.namespace, name, { now: clock.now() });
  }
}
