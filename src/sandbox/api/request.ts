/** Reads an HTTP request as the API server does: which verb on which object. */
import type { IncomingMessage } from 'node:http';
import { ApiStatus, badRequest, unclassified } from '../api-status.ts';
import { type Fields, isFields } from '../objects.ts';
import { RESOURCES, type ResourceInfo } from '../resources.ts';
import { pathSegmentProblem } from '../schema/names.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** Where a path leads: an object, a collection, or something else (discovery, health). */
export interface Route {
  readonly info: ResourceInfo;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export interface ApiRequest extends Route {
  readonly verb: Verb;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly accept: string;
  readonly userAgent: string;
  /** The body in its JSON form, `{}` when there is none. */
  readonly body: unknown;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
}

const MAX_BODY_BYTES = 3 * 1024 * 1024;

const ROUTES = new Map(RESOURCES.map((info) => [`${info.group}/${info.version}/${info.plural}`, info]));

function notServed(what: string): ApiStatus {
  const message = `the server could not find the requested resource (the sandbox does not serve ${what})`;
  return new ApiStatus(404, 'NotFound', message, {});
}

/** The object or collection a path names; undefined outside `/api` and `/apis`. Throws ApiStatus 404 or 400. */
export function routeOf(path: string): Route | undefined {
  const steps = decoded(path).split('/').slice(1);
  const core = steps[0] === 'api';
  if (!core && steps[0] !== 'apis') return undefined;
  const prefix = core ? 2 : 3;
  const rest = steps.slice(prefix);
  if (rest.length === 0 || (rest.length === 1 && rest[0] === '')) return undefined;
  const group = core ? '' : (steps[1] ?? '');
  const version = steps[prefix - 1] ?? '';
  return inGroup(`${group}/${version}`, rest);
}

function inGroup(groupVersion: string, steps: readonly string[]): Route {
  const [first = '', second, third, ...more] = steps;
  const scoped = first === 'namespaces' && second !== undefined && third !== undefined;
  // `namespaces/x/status` is about the namespace itself; any other third step is a resource in it.
  const own = scoped && (third === 'status' || third === 'finalize') && groupVersion === '/v1';
  const [plural, name, subresource, extra] = scoped && !own ? [third, ...more] : [first, second, third, ...more];
  const info = ROUTES.get(`${groupVersion}/${plural}`);
  if (!info) throw notServed(`${plural ?? ''} in ${groupVersion.replace(/^\//, '')}`);
  const namespace = scoped && !own ? second : undefined;
  if (extra !== undefined || (namespace !== undefined && !info.namespaced)) throw notServed(steps.join('/'));
  checkName(name);
  checkNamespace(namespace);
  const known: readonly string[] = info.subresources;
  if (subresource !== undefined && !known.includes(subresource)) throw notServed(`${info.plural}/${subresource}`);
  return { info, namespace, name: name === '' ? undefined : name, subresource };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw badRequest(`invalid path ${path}`);
  }
}

function checkName(name: string | undefined): void {
  const problem = name === undefined ? undefined : pathSegmentProblem(name);
  if (problem) throw badRequest(`Name parameter invalid: "${name}": ${problem}`);
}

/** Upstream finds out only at its storage, hence the 500. */
function checkNamespace(namespace: string | undefined): void {
  const problem = namespace === undefined ? undefined : pathSegmentProblem(namespace);
  if (problem) throw unclassified(`invalid key: "${namespace}": ${problem}`);
}

/** `1`, `true` and a bare `watch` are true, as upstream reads booleans in a query. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value !== 'false';
}

export function verbOf(method: string, route: Route, query: URLSearchParams): Verb {
  const single = route.name !== undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      return single ? 'get' : flag(query, 'watch') ? 'watch' : 'list';
    case 'POST':
      if (!single) return 'create';
      break;
    case 'PUT':
      if (single) return 'update';
      break;
    case 'PATCH':
      if (single) return 'patch';
      break;
    case 'DELETE':
      return single ? 'delete' : 'deletecollection';
    default:
      break;
  }
  throw methodNotAllowed();
}

/** Throws ApiStatus when the verb makes no sense there, or the resource needs a namespace that the path does not name. */
export function checkRoute({ info, namespace, name, subresource }: Route, verb: Verb): void {
  if (subresource === 'log' && verb !== 'get') throw methodNotAllowed();
  if (info.storage === undefined && verb !== 'create') throw methodNotAllowed();
  if (!info.namespaced || namespace !== undefined || verb === 'list' || verb === 'watch') return;
  if (name !== undefined) throw notServed(`${info.plural}/${name} outside a namespace`);
  throw methodNotAllowed();
}

export function methodNotAllowed(): ApiStatus {
  return new ApiStatus(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

/** The whole body; throws ApiStatus 413 above 3 MiB, the limit of the real server. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes: Buffer = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) {
      throw new ApiStatus(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON; throws ApiStatus 400 when it is not JSON. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`the sandbox reads JSON only, and this is none: ${why}`);
  }
}

/** The body as an object; throws ApiStatus 400 when it is something else. */
export function objectBody(request: ApiRequest): Fields {
  if (isFields(request.body)) return request.body;
  throw badRequest('the body of the request must be a JSON object');
}
