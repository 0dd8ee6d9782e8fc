/** `GET …/pods/x/log`: what a pod's rule says its containers print. */
import type { ServerResponse } from 'node:http';
import { badRequest, notFound } from '../api-status.ts';
import type { History } from '../history.ts';
import type { KubeObject } from '../objects.ts';
import { type LogLine, podLogs } from '../pod-logs.ts';
import { type PodRule, podRuleFor } from '../pod-rules.ts';
import { type PodShape, podShape } from '../pod-shape.ts';
import type { Store } from '../store.ts';
import { type ApiRequest, flag } from './request.ts';

export interface LogsOptions {
  readonly store: Store;
  readonly history: History;
  /** Default: the sandbox's own table. */
  readonly ruleFor?: ((pod: PodShape) => PodRule) | undefined;
}

export interface Logs {
  /** Sends the log and, with `follow`, what is added until the pod goes. Throws ApiStatus 404 or 400. */
  open(request: ApiRequest, response: ServerResponse): void;
}

/** A query parameter that is a whole number; throws ApiStatus 400 on anything else. */
function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d+$/.test(value)) throw badRequest(`${name}: expected a whole number, got "${value}"`);
  return Number(value);
}

export function createLogs({ store, history, ruleFor = podRuleFor }: LogsOptions): Logs {
  function linesOf(pod: KubeObject, query: URLSearchParams): readonly LogLine[] {
    const container = query.get('container') ?? undefined;
    const logs = podLogs(ruleFor(podShape(pod)), pod, { container, previous: flag(query, 'previous') });
    if (logs.kind === 'refused') throw badRequest(logs.message);
    return logs.lines;
  }

  function open({ namespace, name = '', query }: ApiRequest, response: ServerResponse): void {
    const pod = store.get('pods', namespace, name);
    if (!pod) throw notFound('pods', name);
    const all = linesOf(pod, query);
    const tail = wholeNumber(query, 'tailLines');
    const sent = textOf(tail === undefined ? all : all.slice(Math.max(0, all.length - tail)), query);
    const limit = wholeNumber(query, 'limitBytes');
    response.writeHead(200, { 'content-type': 'text/plain' });
    if (!flag(query, 'follow')) {
      response.end(limit === undefined ? sent : sent.slice(0, limit));
      return;
    }
    response.write(sent);
    follow(pod, all.length, query, response);
  }

  function follow(pod: KubeObject, known: number, query: URLSearchParams, response: ServerResponse): void {
    let told = known;
    const unfollow = history.follow('pods', ({ type, object }) => {
      if (object.metadata.uid !== pod.metadata.uid) return;
      if (type === 'DELETED') {
        response.end();
        return;
      }
      const lines = linesOf(object, query);
      // A container that starts anew begins a shorter log; nothing of it was sent yet.
      if (lines.length < told) told = 0;
      if (lines.length > told) response.write(textOf(lines.slice(told), query));
      told = lines.length;
    });
    response.on('close', unfollow);
  }

  return { open };
}

function textOf(lines: readonly LogLine[], query: URLSearchParams): string {
  const stamped = flag(query, 'timestamps');
  return lines.map(({ at, text }) => (stamped ? `${at} ${text}\n` : `${text}\n`)).join('');
}
