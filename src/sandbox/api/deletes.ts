/** DELETE of an object or of all a selector selects. */
import { conflict, forbidden, invalid, notFound } from '../api-status.ts';
import { requestDeletion } from '../controllers/deletion.ts';
import { at, type Fields, fields, type KubeObject, number, text } from '../objects.ts';
import type { ResourceInfo } from '../resources.ts';
import type { Store } from '../store.ts';
import { isDryRun } from './options.ts';
import type { ApiRequest } from './request.ts';
import { selected, selectionOf, storedAs } from './selection.ts';

/** The object while it is terminating (and a pod always), else a Status that says it is gone. */
export type DeleteResult =
  | { readonly kind: 'object'; readonly object: KubeObject }
  | { readonly kind: 'gone'; readonly status: Fields };

export interface Deletes {
  one(request: ApiRequest): DeleteResult;
  /** The objects as they were. */
  collection(request: ApiRequest): readonly KubeObject[];
}

/** A cluster does not work without them. */
const LASTING_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-public', 'kube-system']);

export function createDeletes(store: Store, now: () => number): Deletes {
  function mark(request: ApiRequest, { metadata }: KubeObject): KubeObject | undefined {
    const { info, query } = request;
    const options = fields(request.body);
    const grace = query.get('gracePeriodSeconds');
    return requestDeletion(store, storedAs(info), metadata.namespace, metadata.name, {
      propagation: propagationOf(text(options.propagationPolicy) ?? query.get('propagationPolicy') ?? undefined),
      graceSeconds: number(options.gracePeriodSeconds) ?? (grace === null ? undefined : Number(grace)),
      now: now(),
    });
  }

  function one(request: ApiRequest): DeleteResult {
    const { info, namespace, name = '' } = request;
    const object = store.get(storedAs(info), namespace, name);
    if (!object) throw notFound(info.key, name);
    if (info.key === 'namespaces' && LASTING_NAMESPACES.has(name)) {
      throw forbidden(info.key, name, 'this namespace may not be deleted');
    }
    checkPreconditions(info, object, fields(at(request.body, 'preconditions')));
    const terminating = isDryRun(request) ? undefined : mark(request, object);
    if (terminating) return { kind: 'object', object: terminating };
    if (info.key === 'pods') return { kind: 'object', object };
    return { kind: 'gone', status: goneStatus(info, object) };
  }

  function collection(request: ApiRequest): readonly KubeObject[] {
    const objects = selected(store, selectionOf(request), request.info.namespaced);
    if (!isDryRun(request)) for (const object of objects) mark(request, object);
    return objects;
  }

  return { one, collection };
}

type Propagation = 'Background' | 'Foreground' | 'Orphan';

function propagationOf(policy: string | undefined): Propagation | undefined {
  if (policy === undefined || policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') return policy;
  const message = `Unsupported value: "${policy}": supported values: "Foreground", "Background", "Orphan", "nil"`;
  const cause = { reason: 'FieldValueNotSupported', message, field: 'propagationPolicy' };
  throw invalid('DeleteOptions', 'meta.k8s.io', '', [cause]);
}

function checkPreconditions(info: ResourceInfo, { metadata }: KubeObject, { uid, resourceVersion }: Fields): void {
  const kind = info.group === '' ? info.kind : `${info.kind}.${info.group}`;
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(kind, metadata.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict(kind, metadata.name, why);
  }
}

function goneStatus(info: ResourceInfo, { metadata }: KubeObject): Fields {
  const group = info.group ? { group: info.group } : {};
  const details = { name: metadata.name, ...group, kind: info.plural, uid: metadata.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
