/** The four kinds of patch, told apart by content type. */
import { ApiStatus, badRequest, unclassified } from '../api-status.ts';
import { isFields, type KubeObject } from '../objects.ts';
import { applyJsonPatch, applyMergePatch } from '../patch/json-patch.ts';
import type { Writer } from '../patch/managed-fields.ts';
import { applyServerSide } from '../patch/server-side-apply.ts';
import { applyStrategicMerge } from '../patch/strategic-merge.ts';
import { undeclaredFields } from '../schema/field-types.ts';
import { forbidForce, invalidOption } from './options.ts';
import { type ApiRequest, flag, objectBody } from './request.ts';

export const APPLY = 'application/apply-patch+yaml';

const ACCEPTED = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  APPLY,
];

/** The media type without parameters; throws ApiStatus 415 when it is not one of a patch. */
export function patchType(contentType: string): string {
  const type = contentType.split(';')[0]?.trim() ?? '';
  if (ACCEPTED.includes(type)) return type;
  const message = `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED.join(', ')}`;
  throw new ApiStatus(415, 'UnsupportedMediaType', message, {});
}

/** `target` with the request's patch applied; throws ApiStatus 415, 400, 409 (apply) or 422. */
export function applyPatch(request: ApiRequest, target: KubeObject, writer: Writer): unknown {
  const force = flag(request.query, 'force');
  switch (patchType(request.contentType)) {
    case 'application/json-patch+json':
      forbidForce(request);
      return applyJsonPatch(target, request.body);
    case 'application/merge-patch+json':
      forbidForce(request);
      return applyMergePatch(target, objectBody(request));
    case 'application/strategic-merge-patch+json':
      forbidForce(request);
      return applyStrategicMerge(target, objectBody(request));
    default:
      checkApply(request);
      return applyServerSide({ live: target, applied: objectBody(request), writer, force });
  }
}

/** What server-side apply asks of a request; throws ApiStatus 422, 400 or, as upstream, 500. */
export function checkApply(request: ApiRequest): void {
  if (!request.query.get('fieldManager')) {
    const message = 'Required value: is required for apply patch';
    throw invalidOption(request, 'fieldManager', { reason: 'FieldValueRequired', message });
  }
  const { metadata, apiVersion, kind } = objectBody(request);
  if (!apiVersion || !kind) throw badRequest(`invalid object type: ${apiVersion ?? '/'}, Kind=${kind ?? ''}`);
  if (isFields(metadata) && Array.isArray(metadata.managedFields) && metadata.managedFields.length > 0) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const [undeclared] = undeclaredFields(request.info, objectBody(request));
  if (undeclared !== undefined) {
    const which = `${request.namespace ?? ''}/${request.name ?? ''}; ${apiVersion}, Kind=${kind}`;
    throw unclassified(`failed to create typed patch object (${which}): ${undeclared}: field not declared in schema`);
  }
}
