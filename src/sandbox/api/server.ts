/** The HTTP side: reads requests, lets faults have their way, and sends replies. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiStatus, badRequest } from '../api-status.ts';
import type { FaultEngine } from '../faults.ts';
import { discoveryDocument } from './discovery.ts';
import type { Handler, Reply } from './handler.ts';
import type { Access } from './identity.ts';
import { decodeProtobuf, isProtobuf } from './protobuf.ts';
import { type ApiRequest, checkRoute, parseJson, readBody, routeOf, verbOf } from './request.ts';

export interface ServerParts {
  readonly access: Access;
  readonly faults: FaultEngine;
  readonly handle: Handler;
}

/** What the faults leave of a request: go on, go on and lose the reply, or nothing more to do. */
type Fate = 'go-on' | 'lose-reply' | 'over';

/** A server that is not yet listening. */
export function createApiServer({ access, faults, handle }: ServerParts): Server {
  async function respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query, token } = addressOf(message.url ?? '/');
    const authorization = message.headers.authorization ?? (token === undefined ? undefined : `Bearer ${token}`);
    const method = message.method ?? 'GET';
    const fate = await suffer(faults, { method, path, query }, response);
    if (fate === 'over') return;
    const reply = await replyTo({ message, path, query, authorization }, response);
    if (fate === 'lose-reply') response.destroy();
    else if (reply !== 'streamed') send(response, reply);
  }

  async function replyTo(incoming: Incoming, response: ServerResponse): Promise<Reply | 'streamed'> {
    try {
      return await answer(incoming, response);
    } catch (error) {
      if (error instanceof ApiStatus) return statusReply(error);
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return statusReply(new ApiStatus(500, 'InternalError', `Internal error occurred in the sandbox: ${why}`));
    }
  }

  async function answer(incoming: Incoming, response: ServerResponse): Promise<Reply | 'streamed'> {
    const { message, path, query, authorization } = incoming;
    const { method = 'GET', headers } = message;
    const accept = headers.accept ?? '';
    const document = discoveryDocument(path, accept);
    if (document && isPublic(path)) return { code: 200, ...document };
    const user = access.authenticate(authorization);
    refuseImpersonation(headers);
    if (document) return { code: 200, ...document };
    const route = routeOf(path);
    if (!route) throw new ApiStatus(404, 'NotFound', `the sandbox serves nothing at ${path}`, {});
    const verb = verbOf(method, route, query);
    checkRoute(route, verb);
    const contentType = headers['content-type'] ?? '';
    const bytes = await readBody(message);
    checkContentType(method, contentType, bytes);
    const warnings: string[] = [];
    const request: ApiRequest = {
      ...route,
      verb,
      query,
      contentType,
      accept,
      userAgent: headers['user-agent'] ?? '',
      body: isProtobuf(contentType) ? decodeProtobuf(bytes) : parseJson(bytes),
      warn: (text) => warnings.push(`299 - ${JSON.stringify(text)}`),
    };
    const reply = handle(request, user, response);
    return reply === 'streamed' || warnings.length === 0 ? reply : { ...reply, headers: { warning: warnings } };
  }

  const server = createServer((message, response) => {
    // A client that goes away in the middle of its request is not an error of the server.
    respond(message, response).catch(() => response.destroy());
  });
  // Longer than clients keep idle connections, so that none is closed under a request on its way.
  server.keepAliveTimeout = 120_000;
  return server;
}

interface Incoming {
  readonly message: IncomingMessage;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

interface Address {
  /** As sent, still percent-encoded: `..` must not be resolved before it is refused. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
}

/** kubectl sends no token over plain HTTP, so a kubeconfig of the sandbox carries it in the path: `/as/<token>/api/v1`. */
function addressOf(target: string): Address {
  const mark = target.indexOf('?');
  const whole = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const match = /^\/as\/([^/]+)(\/.*)?$/.exec(whole);
  if (!match?.[1]) return { path: whole, query, token: undefined };
  return { path: match[2] ?? '/', query, token: decodeURIComponent(match[1]) };
}

/** What a real server tells anybody, and the OpenAPI pages, whose links leave the token's prefix behind. */
function isPublic(path: string): boolean {
  return /^\/(version|healthz|livez|readyz|openapi)(\/|$)/.test(path);
}

async function suffer(
  faults: FaultEngine,
  target: Parameters<FaultEngine['effectsOn']>[0],
  response: ServerResponse,
): Promise<Fate> {
  let fate: Fate = 'go-on';
  for (const { effect, released } of faults.effectsOn(target)) {
    switch (effect.kind) {
      case 'delay':
        await wait(effect.ms, undefined, { ref: false });
        break;
      case 'hold':
        await released;
        break;
      case 'lose-reply':
        fate = 'lose-reply';
        break;
      case 'drop':
        response.destroy();
        return 'over';
      case 'refuse':
        send(response, refusal(effect.code, effect.retryAfterSeconds));
        return 'over';
      default:
        effect satisfies never;
    }
  }
  return fate;
}

const REFUSALS: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  429: ['TooManyRequests', 'Too many requests, please try again later.'],
  500: ['InternalError', 'Internal error occurred: asked for by a fault'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted'],
};

function refusal(code: number, retryAfterSeconds: number | undefined): Reply {
  const [reason = '', message = ''] = REFUSALS[code] ?? [];
  return statusReply(
    new ApiStatus(code, reason, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  );
}

function statusReply(error: ApiStatus): Reply {
  const seconds = error.details?.retryAfterSeconds;
  return {
    code: error.code,
    contentType: 'application/json',
    body: JSON.stringify(error.body()),
    ...(seconds === undefined ? {} : { headers: { 'retry-after': String(seconds) } }),
  };
}

/** Throws ApiStatus 400: answering as the wrong user would be worse than not answering. */
function refuseImpersonation(headers: IncomingHttpHeaders): void {
  const asked = Object.keys(headers).find((name) => name.startsWith('impersonate-'));
  if (asked !== undefined) throw badRequest(`the sandbox does not impersonate users (header ${asked})`);
}

/** Throws ApiStatus 415: the sandbox reads JSON and protobuf, and a patch says which kind it is. */
function checkContentType(method: string, contentType: string, body: Buffer): void {
  if (
    method === 'PATCH' ||
    body.length === 0 ||
    contentType === '' ||
    isProtobuf(contentType) ||
    /^application\/json\b/.test(contentType)
  )
    return;
  const message =
    'the body of the request was in an unknown format - accepted media types include: application/json, application/vnd.kubernetes.protobuf (the sandbox reads no YAML)';
  throw new ApiStatus(415, 'UnsupportedMediaType', message, {});
}

function send(response: ServerResponse, { code, contentType, body, headers = {} }: Reply): void {
  const bytes = Buffer.from(body);
  response.writeHead(code, {
    'content-type': contentType,
    'content-length': bytes.length,
    'cache-control': 'no-cache, private',
    ...headers,
  });
  response.end(bytes);
}
