/** From the API's JSON to the few fields the engine reads. Each returns undefined for what is not such an object. */

import { redact } from '../domain/redact.ts';
import {
  type Condition,
  type ContainerSpec,
  type DeploymentView,
  type EventView,
  type ReplicaSetView,
  revisionOf,
} from '../domain/workload.ts';
import { type Fields, fieldsOf, isFields, listOf, numberOf, optionalText, textOf, textsOf, timeOf } from './fields.ts';

/** What every object is known by. */
export interface Identity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The value of `progressDeadlineSeconds` that means "never", as `kubectl` documents it. */
const NEVER_SECONDS = 2_147_483_647;

/** Undefined without a name and a uid: whatever it is, the API did not make it. */
export function parseIdentity(value: unknown): Identity | undefined {
  const metadata = fieldsOf(fieldsOf(value).metadata);
  const name = textOf(metadata.name);
  const uid = textOf(metadata.uid);
  if (name === '' || uid === '') return undefined;
  return { name, uid, namespace: textOf(metadata.namespace), resourceVersion: textOf(metadata.resourceVersion) };
}

export function parseDeployment(value: unknown): DeploymentView | undefined {
  const identity = parseIdentity(value);
  if (identity === undefined) return undefined;
  const { metadata, spec, status } = partsOf(value);
  const deadline = numberOf(spec.progressDeadlineSeconds, NEVER_SECONDS);
  const templateManager = managerOfTemplate(metadata.managedFields);
  return {
    ...identity,
    generation: numberOf(metadata.generation),
    annotations: textsOf(metadata.annotations),
    deleting: isDeleting(metadata),
    replicas: numberOf(spec.replicas, 1),
    minReadySeconds: numberOf(spec.minReadySeconds),
    paused: spec.paused === true,
    ...(deadline === NEVER_SECONDS ? {} : { progressDeadlineSeconds: deadline }),
    containers: templateContainers(spec),
    observedGeneration: numberOf(status.observedGeneration),
    statusReplicas: numberOf(status.replicas),
    updatedReplicas: numberOf(status.updatedReplicas),
    availableReplicas: numberOf(status.availableReplicas),
    conditions: parseConditions(status.conditions),
    ...(templateManager === undefined ? {} : { templateManager }),
  };
}

export function parseReplicaSet(value: unknown): ReplicaSetView | undefined {
  const identity = parseIdentity(value);
  if (identity === undefined) return undefined;
  const { metadata, spec, status } = partsOf(value);
  return {
    name: identity.name,
    namespace: identity.namespace,
    uid: identity.uid,
    ownerUid: parseOwner(value).uid,
    revision: revisionOf(textsOf(metadata.annotations)),
    containers: templateContainers(spec),
    replicas: numberOf(spec.replicas, 1),
    conditions: parseConditions(status.conditions),
  };
}

export function parseEvent(value: unknown): EventView | undefined {
  if (!isFields(value)) return undefined;
  const series = fieldsOf(value.series);
  const metadata = fieldsOf(value.metadata);
  // Events of the newer API carry the series or the event time; older ones the last time stamp.
  const lastAt =
    timeOf(series.lastObservedTime) ||
    timeOf(value.lastTimestamp) ||
    timeOf(value.eventTime) ||
    timeOf(metadata.creationTimestamp);
  return {
    reason: textOf(value.reason),
    message: textOf(value.message),
    type: textOf(value.type),
    count: numberOf(series.count) || numberOf(value.count) || 1,
    lastAt,
    involvedUid: textOf(fieldsOf(value.involvedObject).uid),
  };
}

/** The controller of an object: the owner reference with `controller: true`, else the first; empty texts without one. */
export function parseOwner(value: unknown): { readonly uid: string; readonly kind: string; readonly name: string } {
  const references = listOf(fieldsOf(fieldsOf(value).metadata).ownerReferences).map(fieldsOf);
  const owner = references.find((reference) => reference.controller === true) ?? references[0] ?? {};
  return { uid: textOf(owner.uid), kind: textOf(owner.kind), name: textOf(owner.name) };
}

export function partsOf(value: unknown): { readonly metadata: Fields; readonly spec: Fields; readonly status: Fields } {
  const fields = fieldsOf(value);
  return { metadata: fieldsOf(fields.metadata), spec: fieldsOf(fields.spec), status: fieldsOf(fields.status) };
}

/** A deleted object stays readable while finalizers or a grace period hold it. */
export function isDeleting(metadata: Fields): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null;
}

export function parseConditions(value: unknown): readonly Condition[] {
  return listOf(value).map((entry) => {
    const condition = fieldsOf(entry);
    const status = textOf(condition.status);
    return {
      type: textOf(condition.type),
      status: status === 'True' || status === 'False' ? status : 'Unknown',
      reason: textOf(condition.reason),
      message: textOf(condition.message),
      updatedAt: timeOf(condition.lastUpdateTime) || timeOf(condition.lastTransitionTime),
    };
  });
}

function templateContainers(spec: Fields): readonly ContainerSpec[] {
  return listOf(fieldsOf(fieldsOf(spec.template).spec).containers).map(parseContainerSpec);
}

export function parseContainerSpec(value: unknown): ContainerSpec {
  const container = fieldsOf(value);
  const memoryLimit = optionalText(fieldsOf(fieldsOf(container.resources).limits).memory);
  const readinessProbe = describeProbe(container.readinessProbe);
  return {
    name: textOf(container.name),
    image: textOf(container.image),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(readinessProbe === undefined ? {} : { readinessProbe }),
  };
}

function describeProbe(value: unknown): string | undefined {
  const probe = fieldsOf(value);
  if (isFields(probe.httpGet)) {
    const scheme = textOf(probe.httpGet.scheme) === 'HTTPS' ? 'https://' : '';
    return `GET ${scheme}:${portOf(probe.httpGet.port)}${textOf(probe.httpGet.path) || '/'}`;
  }
  if (isFields(probe.tcpSocket)) return `tcp :${portOf(probe.tcpSocket.port)}`;
  if (isFields(probe.grpc)) return `grpc :${portOf(probe.grpc.port)}`;
  if (isFields(probe.exec)) return redact(`exec ${listOf(probe.exec.command).map(textOf).join(' ')}`).slice(0, 80);
  return undefined;
}

/** Ports are numbers or the names of container ports. */
function portOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : textOf(value);
}

/**
 * Who set an image of the pod template last. Times are in whole seconds: of two writers in the same second, the one whose
 * image was replaced owns none any more.
 */
function managerOfTemplate(managedFields: unknown): string | undefined {
  let newest: { readonly manager: string; readonly at: number } | undefined;
  for (const value of listOf(managedFields)) {
    const entry = fieldsOf(value);
    const manager = textOf(entry.manager);
    if (manager === '' || !ownsImage(fieldsOf(entry.fieldsV1))) continue;
    const at = timeOf(entry.time);
    if (newest === undefined || at >= newest.at) newest = { manager, at };
  }
  return newest?.manager;
}

function ownsImage(owned: Fields): boolean {
  const template = fieldsOf(fieldsOf(owned['f:spec'])['f:template']);
  const containers = fieldsOf(fieldsOf(template['f:spec'])['f:containers']);
  return Object.values(containers).some((container) => fieldsOf(container)['f:image'] !== undefined);
}
