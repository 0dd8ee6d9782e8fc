/** How many pods each ReplicaSet of a Deployment gets. */
import { fields } from '../objects.ts';
import { byAge, type Generations, replicaAnnotations } from './revisions.ts';
import type { Room } from './room.ts';
import { DESIRED_REPLICAS, type Deployment, MAX_REPLICAS, type ReplicaSet, readReplicaSet } from './workloads.ts';

export const COMPONENT = 'deployment-controller';

function allOf({ current, old }: Generations): readonly ReplicaSet[] {
  return current === undefined ? old : [...old, current];
}

function total(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number {
  return sets.reduce((sum, set) => sum + count(set), 0);
}

const specified = (set: ReplicaSet) => set.replicas;
const available = (set: ReplicaSet) => set.status.availableReplicas;

/** Sets the replicas of one ReplicaSet, with the annotations that remember the Deployment's own number. */
export function scaleSet(
  { store, record }: Room,
  deployment: Deployment,
  set: ReplicaSet,
  replicas: number,
): ReplicaSet {
  const { object } = set;
  const annotations = { ...set.annotations, ...replicaAnnotations(deployment) };
  const updated = store.update('replicasets.apps', {
    ...object,
    metadata: { ...object.metadata, annotations },
    spec: { ...fields(object.spec), replicas },
  });
  if (set.replicas !== replicas) {
    const direction = set.replicas < replicas ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${set.name} from ${set.replicas} to ${replicas}`;
    record(deployment.object, { type: 'Normal', reason: 'ScalingReplicaSet', message, component: COMPONENT });
  }
  return readReplicaSet(updated);
}

/** Applies new sizes; the same generations come back when nothing had to change. */
function resize(
  room: Room,
  deployment: Deployment,
  generations: Generations,
  sizes: ReadonlyMap<ReplicaSet, number>,
): Generations {
  if ([...sizes].every(([set, size]) => set.replicas === size)) return generations;
  const resized = (set: ReplicaSet) => {
    const size = sizes.get(set);
    return size === undefined || size === set.replicas ? set : scaleSet(room, deployment, set, size);
  };
  return {
    old: generations.old.map(resized),
    current: generations.current === undefined ? undefined : resized(generations.current),
  };
}

/** How large the new ReplicaSet may be now: the surge is for all pods together. */
export function roomForNew(deployment: Deployment, generations: Generations): number {
  const size = generations.current?.replicas ?? 0;
  if (deployment.strategy === 'Recreate') return deployment.replicas;
  const free = deployment.replicas + deployment.maxSurge - total(allOf(generations), specified);
  if (free <= 0) return size;
  return size + Math.min(free, deployment.replicas - size);
}

/** Grows (or shrinks) the new ReplicaSet as far as the surge lets it. */
export function scaleNew(room: Room, deployment: Deployment, generations: Generations): Generations {
  const { current } = generations;
  if (current === undefined || current.replicas === deployment.replicas) return generations;
  const size = current.replicas > deployment.replicas ? deployment.replicas : roomForNew(deployment, generations);
  return resize(room, deployment, generations, new Map([[current, size]]));
}

/** Shrinks old ReplicaSets as far as availability lets them: pods that are not available go first, then the oldest. */
export function scaleOldDown(room: Room, deployment: Deployment, generations: Generations): Generations {
  const { current, old } = generations;
  const active = old.filter((set) => set.replicas > 0);
  if (active.length === 0 || current === undefined) return generations;
  // Availability that still counts surplus pods says nothing; the ReplicaSet's next status brings the next look.
  if (allOf(generations).some(isStale)) return generations;
  const minAvailable = deployment.replicas - deployment.maxUnavailable;
  const newUnavailable = current.replicas - current.status.availableReplicas;
  const most = total(allOf(generations), specified) - minAvailable - newUnavailable;
  if (most <= 0) return generations;

  const sizes = new Map(active.map((set) => [set, set.replicas]));
  let unhealthyLeft = most;
  for (const set of active) {
    const cut = Math.max(0, Math.min(unhealthyLeft, set.replicas - set.status.availableReplicas));
    unhealthyLeft -= cut;
    sizes.set(set, set.replicas - cut);
  }
  let healthyLeft = total(allOf(generations), available) - minAvailable;
  for (const set of active) {
    const size = sizes.get(set) ?? 0;
    const cut = Math.max(0, Math.min(healthyLeft, size));
    healthyLeft -= cut;
    sizes.set(set, size - cut);
  }
  return resize(room, deployment, generations, sizes);
}

function isStale({ object, replicas, status }: ReplicaSet): boolean {
  return status.observedGeneration < (object.metadata.generation ?? 0) || status.replicas > replicas;
}

/** Recreate: every old ReplicaSet goes to 0 at once. */
export function scaleOldToZero(room: Room, deployment: Deployment, generations: Generations): Generations {
  return resize(room, deployment, generations, new Map(generations.old.map((set) => [set, 0])));
}

/** Whether the Deployment's own number changed since its active ReplicaSets were last sized. */
export function wasScaled(deployment: Deployment, generations: Generations): boolean {
  return allOf(generations).some((set) => {
    const desired = set.annotations[DESIRED_REPLICAS];
    return set.replicas > 0 && desired !== undefined && Number(desired) !== deployment.replicas;
  });
}

/** The Deployment was scaled, or is paused: sizes change, but the rollout goes no further by it. */
export function scaleInPlace(room: Room, deployment: Deployment, generations: Generations): Generations {
  const { current, old } = generations;
  const active = allOf(generations).filter((set) => set.replicas > 0);
  const [only, second] = active;
  if (second === undefined) {
    const target = only ?? current ?? old.at(-1);
    if (target === undefined) return generations;
    return resize(room, deployment, generations, new Map([[target, deployment.replicas]]));
  }
  if (current !== undefined && isSaturated(deployment, current)) return scaleOldToZero(room, deployment, generations);
  if (deployment.strategy === 'Recreate') return generations;
  const sizes = proportions(deployment, active);
  const resized = (set: ReplicaSet) => scaleSet(room, deployment, set, sizes.get(set) ?? set.replicas);
  return {
    old: old.map((set) => (sizes.has(set) ? resized(set) : set)),
    current: current !== undefined && sizes.has(current) ? resized(current) : current,
  };
}

function isSaturated({ replicas }: Deployment, set: ReplicaSet): boolean {
  const desired = Number(set.annotations[DESIRED_REPLICAS]);
  return set.replicas === replicas && desired === replicas && set.status.availableReplicas === replicas;
}

/** What is to be added or removed is spread over the active ReplicaSets by their size; the largest takes the rest. */
function proportions(deployment: Deployment, active: readonly ReplicaSet[]): ReadonlyMap<ReplicaSet, number> {
  const most = deployment.replicas === 0 ? 0 : deployment.replicas + deployment.maxSurge;
  const toAdd = most - total(active, specified);
  const newestFirst = toAdd > 0;
  const ordered = [...active].sort((a, b) => b.replicas - a.replicas || (newestFirst ? byAge(b, a) : byAge(a, b)));
  const sizes = new Map(ordered.map((set) => [set, set.replicas]));
  let added = 0;
  for (const set of ordered) {
    const left = toAdd - added;
    const share = fraction(deployment, set, most);
    const cut = toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
    if (toAdd === 0 || left === 0) continue;
    added += cut;
    sizes.set(set, set.replicas + cut);
  }
  const [largest] = ordered;
  if (largest !== undefined) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added));
  return sizes;
}

/** How much the ReplicaSet would grow if all grew as the Deployment's largest size did. */
function fraction(deployment: Deployment, set: ReplicaSet, most: number): number {
  if (deployment.replicas === 0) return -set.replicas;
  const before = Number(set.annotations[MAX_REPLICAS]) || deployment.status.replicas;
  return before === 0 ? 0 : Math.round((set.replicas * most) / before) - set.replicas;
}
