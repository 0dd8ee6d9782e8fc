/** Answers one request: finds what it is about, asks whether the user may, and has it done. */
import type { ServerResponse } from 'node:http';
import type { KubeObject } from '../objects.ts';
import type { Store } from '../store.ts';
import type { Deletes } from './deletes.ts';
import { type Access, type AccessAttributes, accessDenied, type User } from './identity.ts';
import type { Logs } from './logs.ts';
import type { Reads } from './reads.ts';
import { type Representation, representationFor } from './representation.ts';
import { type ApiRequest, objectBody } from './request.ts';
import { answerReview } from './reviews.ts';
import { answerScale } from './scale.ts';
import type { Watches } from './watches.ts';
import type { Writes } from './writes.ts';

export interface Reply {
  readonly code: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export interface HandlerParts {
  readonly store: Store;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly deletes: Deletes;
  readonly watches: Watches;
  readonly logs: Logs;
  readonly access: Access;
  readonly now: () => number;
}

/** The reply, or `streamed` when the response now belongs to a watch or a log. Throws ApiStatus. */
export type Handler = (request: ApiRequest, user: User, response: ServerResponse) => Reply | 'streamed';

export function createHandler(parts: HandlerParts): Handler {
  const { store, reads, writes, deletes, watches, logs, access, now } = parts;

  function answerStored(request: ApiRequest, as: Representation, response: ServerResponse): Reply | 'streamed' {
    switch (request.verb) {
      case 'get':
        return reply(200, as, reads.get(request));
      case 'list': {
        const { objects, meta } = reads.list(request);
        return { code: 200, contentType: as.contentType, body: as.list(objects, meta) };
      }
      case 'watch':
        watches.open(request, as, response);
        return 'streamed';
      case 'create':
        return written(as, writes.create(request));
      case 'update':
        return written(as, writes.update(request));
      case 'patch':
        return written(as, writes.patch(request));
      case 'delete':
        return deleted(request, as);
      case 'deletecollection': {
        const objects = deletes.collection(request);
        return {
          code: 200,
          contentType: as.contentType,
          body: as.list(objects, { resourceVersion: String(store.version()) }),
        };
      }
      default:
        return request.verb satisfies never;
    }
  }

  function deleted(request: ApiRequest, as: Representation): Reply {
    const result = deletes.one(request);
    if (result.kind === 'object') return reply(200, as, result.object);
    return { code: 200, contentType: 'application/json', body: JSON.stringify(result.status) };
  }

  return (request, user, response) => {
    const { info, query, accept, subresource } = request;
    const wanted = attributesOf(request);
    if (!access.allows(user, wanted)) throw accessDenied(user, wanted);
    if (info.storage === undefined) {
      const review = answerReview(access, user, info.key, objectBody(request));
      return { code: 201, contentType: 'application/json', body: JSON.stringify(review) };
    }
    if (subresource === 'log') {
      logs.open(request, response);
      return 'streamed';
    }
    if (subresource === 'scale') {
      const scale = answerScale(store, request, now());
      return { code: 200, contentType: 'application/json', body: JSON.stringify(scale) };
    }
    return answerStored(request, representationFor(info, accept, query), response);
  };
}

function reply(code: number, as: Representation, object: KubeObject): Reply {
  return { code, contentType: as.contentType, body: as.object(object) };
}

function written(as: Representation, { code, object }: { readonly code: number; readonly object: KubeObject }): Reply {
  return reply(code, as, object);
}

/** A namespace counts as being in itself, so that a role in it can allow reading it. */
function attributesOf({ verb, info, subresource, namespace, name }: ApiRequest): AccessAttributes {
  const place = namespace ?? (info.key === 'namespaces' ? name : undefined);
  return { verb, group: info.group, resource: info.plural, subresource, namespace: place, name };
}
