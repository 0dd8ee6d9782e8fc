/** The `scale` subresource of Deployments and ReplicaSets. */
import { badRequest, conflict, invalid, notFound } from '../api-status.ts';
import { at, fields, type KubeObject, number, text } from '../objects.ts';
import { applyJsonPatch, applyMergePatch } from '../patch/json-patch.ts';
import { trackUpdate } from '../patch/managed-fields.ts';
import { selectorText } from '../selectors.ts';
import type { Store } from '../store.ts';
import { isDryRun } from './options.ts';
import { APPLY, patchType } from './patches.ts';
import { type ApiRequest, methodNotAllowed, objectBody } from './request.ts';
import { writerOf } from './writes.ts';

/** The object as an `autoscaling/v1` Scale. */
function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: { replicas: number(at(object, 'spec', 'replicas')) ?? 0 },
    status: {
      replicas: number(at(object, 'status', 'replicas')) ?? 0,
      selector: selectorText(at(object, 'spec', 'selector')),
    },
  };
}

/** Reads or writes the scale a request is about; throws ApiStatus. */
export function answerScale(store: Store, request: ApiRequest, now: number): KubeObject {
  const { info, namespace, name = '', verb } = request;
  const object = store.get(info.key, namespace, name);
  if (!object) throw notFound(info.key, name);
  const scale = scaleOf(object);
  if (verb === 'get') return scale;
  const wanted = fields(wantedScale(request, scale));
  const version = text(at(wanted, 'metadata', 'resourceVersion'));
  if (version && version !== object.metadata.resourceVersion) throw conflict(info.key, name);
  const replicas = number(at(wanted, 'spec', 'replicas')) ?? 0;
  if (!Number.isInteger(replicas)) throw badRequest('spec.replicas must be a whole number');
  if (replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    throw invalid('Scale', 'autoscaling', name, [{ reason: 'FieldValueInvalid', message, field: 'spec.replicas' }]);
  }
  const next = { ...object, spec: { ...fields(object.spec), replicas } };
  const tracked = trackUpdate(object, next, writerOf(request, now));
  return scaleOf(store.update(info.key, tracked, { dryRun: isDryRun(request) }));
}

function wantedScale(request: ApiRequest, scale: KubeObject): unknown {
  if (request.verb === 'update') return wholeScale(request);
  if (request.verb !== 'patch') throw methodNotAllowed();
  const type = patchType(request.contentType);
  if (type === APPLY) throw badRequest('the sandbox does not apply a scale server-side; patch or update it');
  return type === 'application/json-patch+json'
    ? applyJsonPatch(scale, request.body)
    : applyMergePatch(scale, objectBody(request));
}

function wholeScale(request: ApiRequest): unknown {
  const sent = objectBody(request);
  if (at(sent, 'metadata', 'name')) return sent;
  throw badRequest(`the name of the object (${request.name} based on URL) was undeterminable: name must be provided`);
}
