/**
 * An HTTP proxy in front of an API server. It records what a client really asks, and can, by rule, delay, refuse,
 * answer itself, lose, repeat or cut any request. Watches are streamed as they come.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { kubeconfigText } from './kubeconfig.ts';
import { type ConnectionCounts, preciseNow, startLoopbackServer } from './loopback-server.ts';
import { createFaultBook, type Fault, type FaultAction, type FaultRule, type ProxyRequest } from './proxy-faults.ts';
import { answerWith, cutAfter, type Meddling, reset, stallAfter } from './proxy-meddling.ts';
import { createUpstream, withoutHopByHop } from './proxy-upstream.ts';

export interface RecordedRequest extends ProxyRequest {
  /** Epoch ms, with a fraction. */
  readonly startedAt: number;
  /** When the answer ended, or was given up; undefined while it goes on. */
  readonly endedAt?: number;
  /** What the server answered, also when that reply was lost; undefined when it answered nothing. */
  readonly status?: number;
  readonly fault?: FaultAction['kind'];
  /** For the later sending of a `duplicate`: the id of the request it repeats. */
  readonly duplicateOf?: number;
}

export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  /** In the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  readonly connections: ConnectionCounts;
  fault(rule: FaultRule): Fault;
  /** Ends every fault. */
  heal(): void;
  /** Empties `requests`; the count of connections goes on. */
  forget(): void;
  /** `false`: connection refused, for everyone, until `true`. */
  setReachable(reachable: boolean): Promise<void>;
  /** Text of a kubeconfig that leads to this proxy. */
  kubeconfig(options?: { readonly token?: string; readonly namespace?: string }): string;
  stop(): Promise<void>;
}

export interface RecordingProxyOptions {
  /** URL of the API server; the certificate of an https one is not checked. */
  readonly upstream: string;
  /** Bearer token put into requests that bring none. */
  readonly token?: string;
}

/** The record while it is still being written. */
type Entry = { -readonly [Field in keyof RecordedRequest]: RecordedRequest[Field] };

export async function startRecordingProxy({ upstream, token }: RecordingProxyOptions): Promise<RecordingProxy> {
  const api = createUpstream(upstream, token);
  const faults = createFaultBook();
  const stopping = new AbortController();
  let requests: Entry[] = [];
  let lastId = 0;

  const record = (request: Omit<ProxyRequest, 'id'>): Entry => {
    lastId += 1;
    const entry = { ...request, id: lastId, startedAt: preciseNow() };
    requests.push(entry);
    return entry;
  };

  /** Passes the request on and reads the answer to its end, though nobody hears it. */
  const sendUnheard = async (entry: Entry) => {
    const answer = await api.send(entry, stopping.signal);
    entry.status = answer.statusCode ?? 0;
    await text(answer);
  };

  const repeatLater = async (original: RecordedRequest, afterMs: number) => {
    await sleep(afterMs, undefined, { signal: stopping.signal, ref: false });
    const { connection, method, target, path, query, headers, body, isWatch } = original;
    const again = record({ connection, method, target, path, query, headers, body, isWatch });
    again.duplicateOf = original.id;
    await sendUnheard(again);
    again.endedAt = preciseNow();
  };

  /** Passes the request on and streams the answer back; settles when that has ended, one way or the other. */
  const pass = async (entry: Entry, response: ServerResponse, meddle?: Meddling) => {
    // A client that gave up while its request was under way does not call it back; only a watch is pointless now.
    if (response.destroyed) return entry.isWatch ? undefined : sendUnheard(entry);
    const gone = new AbortController();
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    void closed.then(() => gone.abort());

    const answer = await api.send(entry, gone.signal);
    entry.status = answer.statusCode ?? 0;
    response.writeHead(entry.status, withoutHopByHop(answer.headers));
    // A watch with nothing to tell sends its headers all the same.
    response.flushHeaders();
    answer.once('error', () => reset(response));
    answer.pipe(response);
    meddle?.(answer, response, gone.signal);
    await closed;
  };

  const serve = async (entry: Entry, response: ServerResponse): Promise<void> => {
    const taken = faults.take(entry);
    if (taken === undefined) return pass(entry, response);
    const { action } = taken;
    entry.fault = action.kind;
    switch (action.kind) {
      case 'delay':
        await sleep(action.ms, undefined, { signal: stopping.signal });
        return pass(entry, response);
      case 'hold':
        await taken.released();
        return pass(entry, response);
      case 'refuse':
        return reset(response);
      case 'answer':
        return answerWith(response, action);
      case 'lose-reply':
        await sendUnheard(entry);
        return reset(response);
      case 'duplicate':
        await pass(entry, response);
        // Nobody waits for the second sending; that it fails when the proxy or the server stops is no news.
        repeatLater(entry, action.afterMs).catch(() => undefined);
        return;
      case 'cut':
        return pass(entry, response, cutAfter(action));
      case 'stall':
        return pass(entry, response, stallAfter(action.afterMs));
      case 'black-hole':
        return new Promise((resolve) => response.once('close', resolve));
      default:
        return action satisfies never;
    }
  };

  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const entry = record(await readRequest(request, server.connectionId(request.socket)));
      await serve(entry, response).finally(() => {
        entry.endedAt = preciseNow();
      });
    } catch {
      // One side hung up, or the proxy stops: the other side feels the same.
      reset(response);
    }
  };

  const server = await startLoopbackServer((request, response) => void onRequest(request, response));
  const stop = async () => {
    stopping.abort();
    faults.removeAll();
    await server.stop();
    api.close();
  };
  return {
    url: server.url,
    get requests() {
      return requests;
    },
    get connections() {
      return server.connections;
    },
    fault: faults.add,
    heal: faults.removeAll,
    forget: () => {
      requests = [];
    },
    setReachable: server.setReachable,
    kubeconfig: (options = {}) => kubeconfigText({ server: server.url, ...options }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function readRequest(request: IncomingMessage, connection: number): Promise<Omit<ProxyRequest, 'id'>> {
  const body = await text(request);
  const { method = 'GET', headers, url: target = '/' } = request;
  // Not parsed as a URL: that would tidy up a path such as /namespaces/.. on its way.
  const [path = '/', search = ''] = target.split('?', 2);
  const query = new URLSearchParams(search);
  const isWatch = ['1', 'true'].includes(query.get('watch') ?? '');
  return { connection, method, target, path, query, headers, body, isWatch };
}
