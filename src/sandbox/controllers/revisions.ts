/** A Deployment's ReplicaSets: which one is new, what revision it has, and how it is made. */
import { ApiStatus } from '../api-status.ts';
import { at, fields, type KubeObject, number } from '../objects.ts';
import { controllerOf, controllerReference } from './ownership.ts';
import type { Room } from './room.ts';
import { isSameTemplate, TEMPLATE_HASH, templateHash } from './template-hash.ts';
import {
  DESIRED_REPLICAS,
  type Deployment,
  MAX_REPLICAS,
  REVISION,
  type ReplicaSet,
  readReplicaSet,
} from './workloads.ts';

const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const HISTORY_CHARACTERS = 2_000;

/** Annotations of a Deployment that are not passed on to its ReplicaSet. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

export interface Generations {
  /** The one whose template is the Deployment's; undefined while it does not exist. */
  readonly current: ReplicaSet | undefined;
  /** All others, oldest first. */
  readonly old: readonly ReplicaSet[];
}

/** Of several with the same template the oldest is the new one. */
export function generationsOf(deployment: Deployment, objects: readonly KubeObject[]): Generations {
  const sets = objects.map(readReplicaSet).sort(byAge);
  const current = sets.find((set) => isSameTemplate(set.template, deployment.template));
  return { current, old: sets.filter((set) => set !== current) };
}

/** Same second: by name, so that the order is the same each time. */
export function byAge(left: ReplicaSet, right: ReplicaSet): number {
  const a = `${left.createdAt} ${left.name}`;
  const b = `${right.createdAt} ${right.name}`;
  return a < b ? -1 : a > b ? 1 : 0;
}

function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map((set) => set.revision)) + 1;
}

/**
 * Brings the new ReplicaSet's annotations and minReadySeconds up to date: the Deployment's annotations, and a revision
 * above all others. A ReplicaSet that gets a second revision is one that was rolled back to; its history keeps the first.
 */
export function refreshed({ store }: Room, deployment: Deployment, generations: Generations): ReplicaSet | undefined {
  const { current, old } = generations;
  if (current === undefined) return undefined;
  const revision = nextRevision(old);
  const annotations = {
    ...current.annotations,
    ...copied(deployment),
    ...(current.revision < revision ? { [REVISION]: String(revision), ...historyOf(current) } : {}),
  };
  const { object } = current;
  const minReadySeconds = deployment.minReadySeconds === 0 ? {} : { minReadySeconds: deployment.minReadySeconds };
  const { minReadySeconds: _, ...spec } = fields(object.spec);
  const updated = store.update('replicasets.apps', {
    ...object,
    metadata: { ...object.metadata, annotations },
    spec: { ...spec, ...minReadySeconds },
  });
  return updated === object ? current : readReplicaSet(updated);
}

function copied({ object }: Deployment): Readonly<Record<string, string>> {
  const annotations = Object.entries(object.metadata.annotations ?? {});
  return Object.fromEntries(annotations.filter(([key]) => !NOT_COPIED.has(key)));
}

function historyOf({ annotations }: ReplicaSet): Readonly<Record<string, string>> {
  const last = annotations[REVISION];
  if (last === undefined) return {};
  const all = [...(annotations[REVISION_HISTORY] ?? '').split(','), last].filter((revision) => revision !== '');
  while (all.join(',').length > HISTORY_CHARACTERS) all.shift();
  return { [REVISION_HISTORY]: all.join(',') };
}

/** The two counts a ReplicaSet remembers of its Deployment: how a later scaling is told from a rollout. */
export function replicaAnnotations({ replicas, maxSurge }: Deployment): Readonly<Record<string, string>> {
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge) };
}

export type Created =
  | { readonly kind: 'created'; readonly set: ReplicaSet }
  /** The name is taken by a ReplicaSet with another template: the hash needs another salt. */
  | { readonly kind: 'collision' };

/** Creates the new ReplicaSet with so many replicas. Throws ApiStatus when the API server refuses. */
export function createReplicaSet(
  { store }: Room,
  deployment: Deployment,
  { old }: Generations,
  replicas: number,
): Created {
  const { object, name, namespace, template } = deployment;
  const hash = templateHash(template, number(at(object, 'status', 'collisionCount')) ?? 0);
  const metadata = fields(template.metadata);
  const labels = { ...strings(metadata.labels), [TEMPLATE_HASH]: hash };
  const selector = fields(at(object, 'spec', 'selector'));
  const setName = `${name.slice(0, 252 - hash.length)}-${hash}`;
  try {
    const created = store.create('replicasets.apps', {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: setName,
        namespace,
        labels,
        annotations: {
          ...copied(deployment),
          [REVISION]: String(nextRevision(old)),
          ...replicaAnnotations(deployment),
        },
        ownerReferences: [controllerReference(object)],
      },
      spec: {
        replicas,
        ...(deployment.minReadySeconds === 0 ? {} : { minReadySeconds: deployment.minReadySeconds }),
        selector: { ...selector, matchLabels: { ...fields(selector.matchLabels), [TEMPLATE_HASH]: hash } },
        template: { ...template, metadata: { ...metadata, labels } },
      },
      status: { replicas: 0 },
    });
    return { kind: 'created', set: readReplicaSet(created) };
  } catch (error) {
    const taken = store.get('replicasets.apps', namespace, setName);
    const isTaken = error instanceof ApiStatus && error.reason === 'AlreadyExists' && taken !== undefined;
    if (!isTaken || controllerOf(taken)?.uid === object.metadata.uid) throw error;
    return { kind: 'collision' };
  }
}

function strings(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields(value)).map(([key, field]) => [key, String(field)]));
}
