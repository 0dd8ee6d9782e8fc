/** The forms a client can ask for: whole objects, Tables (what `kubectl get` prints), or metadata alone. */
import { ApiStatus } from '../api-status.ts';
import { toEventsV1 } from '../event-versions.ts';
import { type Fields, itemJsonOf, jsonOf, type KubeObject } from '../objects.ts';
import { apiVersionOf, type ResourceInfo } from '../resources.ts';
import { columnsOf, tableCells } from './tables.ts';

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface Representation {
  readonly contentType: string;
  object(object: KubeObject): string;
  list(objects: readonly KubeObject[], meta: ListMeta): string;
  /** The object inside a watch event; the first one of a Table watch carries the columns. */
  watched(object: KubeObject, first: boolean): string;
  bookmark(resourceVersion: string, first: boolean, annotations?: Readonly<Record<string, string>>): string;
}

const JSON_TYPE = 'application/json';

/** Chooses by Accept header; throws ApiStatus 406 when the client takes nothing the sandbox speaks. */
export function representationFor(info: ResourceInfo, accept: string, query: URLSearchParams): Representation {
  for (const choice of accept === '' ? ['*/*'] : accept.split(',')) {
    const [media = '', ...parameters] = choice.split(';').map((part) => part.trim());
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (media !== 'application/json' && media !== '*/*' && media !== 'application/*') continue;
    if (as === undefined) return whole(info);
    if (as === 'Table') return table(info, query.get('includeObject') ?? 'Metadata');
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return partial(info);
  }
  const message = 'only the following media types are accepted: application/json';
  throw new ApiStatus(406, 'NotAcceptable', message, {});
}

function viewed(info: ResourceInfo, object: KubeObject): KubeObject {
  return info.key === 'events.events.k8s.io' ? toEventsV1(object) : object;
}

/** The list as text, with the items' own texts inside: they are made once per version. */
function listText(apiVersion: string, kind: string, meta: ListMeta, items: readonly string[]): string {
  const head = JSON.stringify({ kind, apiVersion, metadata: meta }).slice(0, -1);
  return `${head},"items":[${items.join(',')}]}`;
}

function bookmarkText(kind: string, apiVersion: string, resourceVersion: string, annotations?: Fields): string {
  const metadata = { resourceVersion, ...(annotations ? { annotations } : {}) };
  return JSON.stringify({ kind, apiVersion, metadata });
}

function whole(info: ResourceInfo): Representation {
  const apiVersion = apiVersionOf(info);
  const object = (value: KubeObject): string => jsonOf(viewed(info, value));
  const item = (value: KubeObject): string => itemJsonOf(viewed(info, value));
  return {
    contentType: JSON_TYPE,
    object,
    list: (objects, meta) => listText(apiVersion, `${info.kind}List`, meta, objects.map(item)),
    watched: object,
    bookmark: (version, _first, annotations) => bookmarkText(info.kind, apiVersion, version, annotations),
  };
}

const META_VERSION = 'meta.k8s.io/v1';

function partialObject(object: KubeObject): Fields {
  return { kind: 'PartialObjectMetadata', apiVersion: META_VERSION, metadata: object.metadata };
}

function partial(info: ResourceInfo): Representation {
  const object = (value: KubeObject): string => JSON.stringify(partialObject(viewed(info, value)));
  return {
    contentType: JSON_TYPE,
    object,
    list: (objects, meta) => listText(META_VERSION, 'PartialObjectMetadataList', meta, objects.map(object)),
    watched: object,
    bookmark: (version, _first, annotations) =>
      bookmarkText('PartialObjectMetadata', META_VERSION, version, annotations),
  };
}

function table(info: ResourceInfo, includeObject: string): Representation {
  const columns = columnsOf(info.key);
  const included = (object: KubeObject): Fields | undefined => {
    if (includeObject === 'None') return undefined;
    return includeObject === 'Object' ? viewed(info, object) : partialObject(object);
  };
  const row = (object: KubeObject): Fields => ({ cells: tableCells(info.key, object), object: included(object) });
  const text = (rows: readonly Fields[], meta: Fields, withColumns: boolean): string =>
    JSON.stringify({
      kind: 'Table',
      apiVersion: META_VERSION,
      metadata: meta,
      columnDefinitions: withColumns ? columns : null,
      rows,
    });
  const one = (object: KubeObject, withColumns: boolean): string =>
    text([row(object)], { resourceVersion: object.metadata.resourceVersion }, withColumns);
  return {
    contentType: JSON_TYPE,
    object: (object) => one(object, true),
    list: (objects, meta) => text(objects.map(row), { ...meta }, true),
    watched: one,
    bookmark: (resourceVersion, first) => text([], { resourceVersion }, first),
  };
}
