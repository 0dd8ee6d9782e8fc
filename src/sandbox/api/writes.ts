/** POST, PUT and PATCH, with everything the API server does before it stores an object. */
import { invalid, notFound } from '../api-status.ts';
import { fields, type KubeObject, type NewObject } from '../objects.ts';
import { leavesOf } from '../patch/field-sets.ts';
import { entryOf, trackUpdate, type Writer, withEntries } from '../patch/managed-fields.ts';
import { apiVersionOf, type ResourceInfo } from '../resources.ts';
import { initialStatus, withDefaults } from '../schema/defaults.ts';
import { validate } from '../schema/validation.ts';
import type { Store } from '../store.ts';
import { checkIdentity, keepServerFields, sentObject, visiblePart, withoutServerFields } from './bodies.ts';
import { fieldManagerOf, isDryRun } from './options.ts';
import { APPLY, applyPatch, checkApply, patchType } from './patches.ts';
import { type ApiRequest, objectBody } from './request.ts';
import { storedAs } from './selection.ts';

export interface WriteResult {
  readonly code: 200 | 201;
  readonly object: KubeObject;
}

export interface Writes {
  create(request: ApiRequest): WriteResult;
  update(request: ApiRequest): WriteResult;
  patch(request: ApiRequest): WriteResult;
}

export function createWrites(store: Store, now: () => number): Writes {
  function create(request: ApiRequest): WriteResult {
    const { info } = request;
    const writer = writerOf(request, now());
    const sent = named(info, withoutServerFields(sentObject(request, objectBody(request), 'body')));
    const filled = withDefaults(info.key, sent);
    const complete = info.subresources.includes('status') ? { ...filled, status: initialStatus(info.key) } : filled;
    validate(info, complete);
    const tracked =
      writer.operation === 'Apply'
        ? withEntries(complete, [entryOf(writer, new Set(leavesOf(sent, ['status']).keys()))])
        : trackUpdate(undefined, complete, writer);
    return { code: 201, object: store.create(storedAs(info), tracked, { dryRun: isDryRun(request) }) };
  }

  /** Defaults may depend on the name, so it is made before them. */
  function named(info: ResourceInfo, object: NewObject): NewObject {
    if (object.metadata.name || !object.metadata.generateName) return object;
    return { ...object, metadata: { ...object.metadata, name: store.nameFor(storedAs(info), object) } };
  }

  function update(request: ApiRequest): WriteResult {
    const { info, namespace, name = '' } = request;
    const old = store.get(storedAs(info), namespace, name);
    const isLease = info.plural === 'leases';
    // Leases are the one kind here whose PUT creates.
    if (!old && isLease) return create(request);
    if (!old) throw notFound(info.key, name);
    const next = sentObject(request, objectBody(request), 'body');
    if (isLease) requireVersion(request, next);
    return { code: 200, object: replace(request, old, next, writerOf(request, now())) };
  }

  function patch(request: ApiRequest): WriteResult {
    const { info, namespace, name = '' } = request;
    const isApply = patchType(request.contentType) === APPLY;
    const old = store.get(storedAs(info), namespace, name);
    if (!old && isApply) {
      checkApply(request);
      return create(request);
    }
    if (!old) throw notFound(info.key, name);
    const writer = writerOf(request, now());
    const next = sentObject(request, fields(applyPatch(request, old, writer)), 'patch');
    return { code: 200, object: replace(request, old, next, writer) };
  }

  /** Stores `next` in the place of `old`, or only its status when the request is about the status. */
  function replace(request: ApiRequest, old: KubeObject, next: NewObject, writer: Writer): KubeObject {
    const { info } = request;
    const isStatus = request.subresource === 'status';
    checkIdentity(info, old, next, request.verb === 'patch' ? 'patch' : 'body');
    const filled = isStatus ? next : withDefaults(info.key, keepServerFields(old, next));
    if (!isStatus) validate(info, filled, old);
    const seen = visiblePart(info, old, filled, isStatus);
    const tracked = writer.operation === 'Apply' ? seen : trackUpdate(old, seen, writer);
    const dryRun = isDryRun(request);
    const stored = store.update(storedAs(info), tracked, { dryRun, ...(isStatus ? { subresource: 'status' } : {}) });
    if (!dryRun) removeWhenOver(request, stored);
    return stored;
  }

  /** A terminating object goes with its last finalizer. */
  function removeWhenOver({ info }: ApiRequest, { metadata }: KubeObject): void {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [], namespace, name } = metadata;
    const isOver = deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0;
    if (isOver && info.key !== 'namespaces') store.delete(storedAs(info), namespace, name);
  }

  return { create, update, patch };
}

function requireVersion({ info, name = '' }: ApiRequest, { metadata }: NewObject): void {
  if (metadata.resourceVersion) return;
  const message = 'Invalid value: 0: must be specified for an update';
  const cause = { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' };
  throw invalid(info.plural, info.group, name, [cause]);
}

/** Who the write counts as; throws ApiStatus 422. */
export function writerOf(request: ApiRequest, now: number): Writer {
  return {
    manager: fieldManagerOf(request),
    operation: request.contentType.startsWith('application/apply-patch') ? 'Apply' : 'Update',
    apiVersion: apiVersionOf(request.info),
    subresource: request.subresource,
    now,
  };
}
