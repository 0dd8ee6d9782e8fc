/** A request as it goes out, and its answer as the library takes it. */
import { type RequestContext, ResponseContext } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import { headerOf, readAnswer } from './http-body.ts';
import type { Agents } from './transport.ts';

export interface Outgoing {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent: keyof Agents;
  readonly signal?: AbortSignal;
}

/** @param pathAndQuery e.g. `/api/v1/pods?limit=1` */
export function getOf(pathAndQuery: string, signal: AbortSignal | undefined): Omit<Outgoing, 'agent'> {
  const [path = '', query] = pathAndQuery.split('?');
  return {
    method: 'GET',
    path,
    query: query === undefined ? '' : `?${query}`,
    headers: { accept: 'application/json' },
    ...(signal === undefined ? {} : { signal }),
  };
}

/** As the library wants it sent. */
export function outgoingOf(context: RequestContext): Outgoing {
  const { pathname, search } = new URL(context.getUrl());
  const body = context.getBody();
  return {
    method: context.getHttpMethod(),
    path: pathname,
    query: search,
    headers: context.getHeaders(),
    agent: 'calls',
    ...(typeof body === 'string' ? { body } : {}),
  };
}

/** The answer as the library takes it. The body is read here, so that the deadline covers it; the library parses it. */
export async function readContext(asked: string, answer: Dispatcher.ResponseData): Promise<ResponseContext> {
  const text = await readAnswer(asked, answer);
  const type = headerOf(answer, 'content-type') ?? '';
  const body = { text: async () => text, binary: async () => Buffer.from(text), stream: () => null };
  return new ResponseContext(answer.statusCode, { 'content-type': type }, body);
}
