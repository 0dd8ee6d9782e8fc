/** GET: one object, or a list in pages. */
import { ApiStatus, badRequest, expired, notFound } from '../api-status.ts';
import { at, type KubeObject } from '../objects.ts';
import type { Store } from '../store.ts';
import { checkVersionOptions } from './options.ts';
import type { ListMeta } from './representation.ts';
import type { ApiRequest } from './request.ts';
import { selected, selectionOf, storedAs } from './selection.ts';

export interface Reads {
  get(request: ApiRequest): KubeObject;
  list(request: ApiRequest): { readonly objects: readonly KubeObject[]; readonly meta: ListMeta };
}

/** What of a list is still to be sent: its pages show the moment of the first one, as etcd's do. */
interface OpenList {
  readonly rest: readonly KubeObject[];
  readonly version: string;
  /** Whether pages say how many objects remain: as upstream, only where nothing was selected. */
  readonly isCounted: boolean;
}

/** More open lists than this and the oldest expire. */
const MAX_OPEN_LISTS = 100;

export function createReads(store: Store): Reads {
  const openLists = new Map<string, OpenList>();
  let tokens = 0;

  function page({ rest, version, isCounted }: OpenList, limit: number) {
    if (limit <= 0 || rest.length <= limit) return { objects: rest, meta: { resourceVersion: version } };
    tokens += 1;
    const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: Number(version), start: tokens })).toString(
      'base64url',
    );
    openLists.set(token, { rest: rest.slice(limit), version, isCounted });
    const oldest = openLists.keys().next().value;
    if (openLists.size > MAX_OPEN_LISTS && oldest !== undefined) openLists.delete(oldest);
    const remaining = isCounted ? { remainingItemCount: rest.length - limit } : {};
    return { objects: rest.slice(0, limit), meta: { resourceVersion: version, continue: token, ...remaining } };
  }

  function continued(token: string, limit: number) {
    const open = openLists.get(token);
    if (!open && !isToken(token)) throw badRequest('invalid continue token: continue key is not valid');
    if (!open) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results.',
      );
    }
    return page(open, limit);
  }

  return {
    get({ info, namespace, name = '', query }) {
      const asked = query.get('resourceVersion');
      if (asked && parseVersion(asked) > store.version()) throw tooLarge(Number(asked), store.version());
      const object = store.get(storedAs(info), namespace, name);
      if (!object) throw notFound(info.key, name);
      return object;
    },
    list(request) {
      const { query, info } = request;
      const limit = limitOf(query);
      const token = query.get('continue');
      checkVersionOptions(request);
      checkVersion(query, store.version());
      if (token) return continued(token, limit);
      const rest = selected(store, selectionOf(request), info.namespaced);
      const isCounted = !query.get('labelSelector') && !query.get('fieldSelector');
      return page({ rest, version: String(store.version()), isCounted }, limit);
    },
  };
}

/** Whether the text was a continue token once: of this sandbox, or of the one before it. */
function isToken(token: string): boolean {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return typeof at(decoded, 'rv') === 'number';
  } catch {
    return false;
  }
}

function limitOf(query: URLSearchParams): number {
  const limit = query.get('limit') || '0';
  if (/^-?\d+$/.test(limit)) return Number(limit);
  throw badRequest(`strconv.ParseInt: parsing "${limit}": invalid syntax`);
}

/** A list may ask for a state "not older than" a version; exact old states are gone. Throws ApiStatus 400, 410 or 504. */
function checkVersion(query: URLSearchParams, current: number): void {
  const asked = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch');
  if (asked === '' || asked === '0') return;
  const version = parseVersion(asked);
  if (version > current) throw tooLarge(version, current);
  const exact = match === 'Exact' || (match === null && query.has('limit'));
  if (exact && version < current) {
    throw expired('The resourceVersion for the provided list is too old.');
  }
}

/** Throws ApiStatus 400 unless the text is a whole number. */
function parseVersion(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
  );
}

/** A version of the future: of another cluster, or before a restart. */
function tooLarge(asked: number, current: number): ApiStatus {
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  return new ApiStatus(504, 'Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}
