/** What a client's object may say: its kind and place must match the URL, and the server's own fields are not its to set. */
import { badRequest, conflict, invalid, unclassified } from '../api-status.ts';
import { fromEventsV1 } from '../event-versions.ts';
import type { Fields, KubeObject, NewObject } from '../objects.ts';
import { apiVersionOf, type ResourceInfo } from '../resources.ts';
import { type FieldValidation, parseObject } from '../schema/field-types.ts';
import type { ApiRequest } from './request.ts';

/** The object a request carries, in its stored form and put in its place; throws ApiStatus 400 or 422. */
export function sentObject(request: ApiRequest, body: Fields, from: 'body' | 'patch'): NewObject {
  const { info, namespace, name } = request;
  const expected = apiVersionOf(info);
  const { apiVersion = expected, kind = info.kind } = body;
  if (from === 'patch' && (apiVersion !== expected || kind !== info.kind)) {
    const message = `Invalid value: no kind "${kind}" is registered for version "${apiVersion}"`;
    throw invalid('', '', '', [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
  }
  if (from === 'body' && (apiVersion !== expected || kind !== info.kind)) {
    throw wrongType(info, String(apiVersion), String(kind));
  }
  const { object, warnings } = parseObject(info, body, from, fieldValidationOf(request));
  warnings.forEach(request.warn);
  checkPlace(request, object);
  const place = { ...(namespace === undefined ? {} : { namespace }), ...(name === undefined ? {} : { name }) };
  const placed = { ...object, apiVersion: expected, kind: info.kind, metadata: { ...object.metadata, ...place } };
  return info.key === 'events.events.k8s.io' && from === 'body' ? fromEventsV1(placed) : placed;
}

function wrongType(info: ResourceInfo, apiVersion: string, kind: string): Error {
  const expected = apiVersionOf(info);
  if (apiVersion !== expected) {
    return badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  const { version } = info;
  return badRequest(
    `${kind} in version "${version}" cannot be handled as a ${info.kind}: converting (${version}.${kind}) to (${info.group || 'core'}.${info.kind}): unknown conversion`,
  );
}

function fieldValidationOf({ query }: ApiRequest): FieldValidation {
  const asked = query.get('fieldValidation');
  return asked === 'Strict' || asked === 'Ignore' ? asked : 'Warn';
}

function checkPlace({ namespace, name }: ApiRequest, { metadata }: NewObject): void {
  if (namespace !== undefined && metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (name !== undefined && metadata.name !== undefined && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
}

/** A new object without what only the server sets. */
export function withoutServerFields(object: NewObject): NewObject {
  if (object.metadata.resourceVersion) throw unclassified('resourceVersion should not be set on objects to be created');
  const { uid: _u, deletionTimestamp: _d, managedFields: _m, generation: _g, ...rest } = object.metadata;
  const { creationTimestamp: _c, deletionGracePeriodSeconds: _p, ...metadata } = rest;
  return { ...object, metadata };
}

/** The next version with the metadata that a client cannot change. */
export function keepServerFields(old: KubeObject, next: NewObject): NewObject {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, uid, creationTimestamp } = old.metadata;
  const { deletionTimestamp: _d, deletionGracePeriodSeconds: _g, ...metadata } = next.metadata;
  const ending = deletionTimestamp === undefined ? {} : { deletionTimestamp, deletionGracePeriodSeconds };
  return { ...next, metadata: { ...metadata, ...ending, uid, creationTimestamp } };
}

/** What the write can change, so that nobody is recorded as manager of fields the server ignored. */
export function visiblePart(info: ResourceInfo, old: KubeObject, next: NewObject, isStatus: boolean): NewObject {
  if (!isStatus && !info.subresources.includes('status')) return next;
  const { status: newStatus, ...body } = next;
  const { status: oldStatus, ...oldBody } = old;
  const base: NewObject = isStatus
    ? { ...oldBody, apiVersion: old.apiVersion, kind: old.kind, metadata: { ...old.metadata, ...next.metadata } }
    : { ...body, apiVersion: next.apiVersion, kind: next.kind, metadata: next.metadata };
  const status = isStatus ? newStatus : oldStatus;
  return status === undefined ? base : { ...base, status };
}

/**
 * Throws ApiStatus 409 when the write is about another object of that name, or about an older version; a patch that
 * names another uid is an attempt to change it, 422.
 */
export function checkIdentity(info: ResourceInfo, old: KubeObject, next: NewObject, from: 'body' | 'patch'): void {
  const { uid, resourceVersion } = next.metadata;
  if (uid !== undefined && uid !== old.metadata.uid && from === 'patch') {
    const message = `Invalid value: "${uid}": field is immutable`;
    const cause = { reason: 'FieldValueInvalid', message, field: 'metadata.uid' };
    throw invalid(info.kind, info.group, old.metadata.name, [cause]);
  }
  if (uid !== undefined && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(info.key, old.metadata.name, why);
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) throw conflict(info.key, old.metadata.name);
}
