/** From a Pod's JSON to what a verdict reads of it. */
import type { ContainerExit, ContainerRole, ContainerState, ContainerView, PodView } from '../domain/workload.ts';
import { type Fields, fieldsOf, isFields, listOf, numberOf, textOf, timeOf } from './fields.ts';
import { isDeleting, parseConditions, parseContainerSpec, parseIdentity, parseOwner, partsOf } from './views.ts';

/** Undefined for what is not an object of the API. */
export function parsePod(value: unknown): PodView | undefined {
  const identity = parseIdentity(value);
  if (identity === undefined) return undefined;
  const { metadata, spec, status } = partsOf(value);
  return {
    name: identity.name,
    namespace: identity.namespace,
    uid: identity.uid,
    ownerUid: parseOwner(value).uid,
    deleting: isDeleting(metadata),
    createdAt: timeOf(metadata.creationTimestamp),
    phase: textOf(status.phase),
    reason: textOf(status.reason),
    message: textOf(status.message),
    conditions: parseConditions(status.conditions),
    containers: [
      ...withStatus(spec.initContainers, status.initContainerStatuses, initRole),
      ...withStatus(spec.containers, status.containerStatuses, () => 'app'),
      ...withStatus(spec.ephemeralContainers, status.ephemeralContainerStatuses, () => 'ephemeral'),
    ],
  };
}

function initRole(container: Fields): ContainerRole {
  return textOf(container.restartPolicy) === 'Always' ? 'sidecar' : 'init';
}

/** A container has no status until the kubelet took the pod; it is listed all the same. */
function withStatus(specs: unknown, statuses: unknown, roleOf: (container: Fields) => ContainerRole): ContainerView[] {
  const byName = new Map(listOf(statuses).map((status) => [textOf(fieldsOf(status).name), fieldsOf(status)]));
  return listOf(specs).map((value) => {
    const container = parseContainerSpec(value);
    const status = byName.get(container.name) ?? {};
    const lastExit = fieldsOf(status.lastState).terminated;
    return {
      ...container,
      role: roleOf(fieldsOf(value)),
      ready: status.ready === true,
      restartCount: numberOf(status.restartCount),
      state: parseState(status.state),
      ...(isFields(lastExit) ? { lastExit: parseExit(lastExit) } : {}),
    };
  });
}

function parseState(value: unknown): ContainerState {
  const state = fieldsOf(value);
  if (isFields(state.waiting)) {
    return { kind: 'waiting', reason: textOf(state.waiting.reason), message: textOf(state.waiting.message) };
  }
  if (isFields(state.running)) return { kind: 'running', startedAt: timeOf(state.running.startedAt) };
  if (isFields(state.terminated)) return { kind: 'terminated', exit: parseExit(state.terminated) };
  return { kind: 'unknown' };
}

function parseExit(terminated: Fields): ContainerExit {
  return {
    exitCode: numberOf(terminated.exitCode),
    signal: numberOf(terminated.signal),
    reason: textOf(terminated.reason),
    message: textOf(terminated.message),
    finishedAt: timeOf(terminated.finishedAt),
  };
}
