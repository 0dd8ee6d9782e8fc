/** A bare client of the Kubernetes API for tests: says exactly what it is told to say and hides no answer. */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { textAt } from './json.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON, or the text when it is none. */
  readonly body: unknown;
}

export interface ApiRequest {
  /** Sent as it is when a string, else as JSON. */
  readonly body?: unknown;
  /** `application/json` unless told; a patch must tell. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

export interface ApiClient {
  /** Whatever the server answers is an answer; only a broken connection rejects. `path` holds the query. */
  request(method: string, path: string, options?: ApiRequest): Promise<ApiAnswer>;
  /** The body of a request that must succeed; rejects with the server's own words otherwise. */
  ask(method: string, path: string, options?: ApiRequest): Promise<unknown>;
  /**
   * Calls `onEvent` for each event until the stream ends (settles) or breaks (rejects). `path` holds `watch=1`.
   * `onOpen`: the server has answered, and from now on misses nothing.
   */
  watch(path: string, onEvent: (event: WatchEvent) => void, signal?: AbortSignal, onOpen?: () => void): Promise<void>;
  close(): void;
}

export interface ApiClientOptions {
  /** http or https; the certificate is not checked. */
  readonly url: string;
  readonly token?: string;
  /** Connections at once, watches included. */
  readonly maxConnections?: number;
}

export const MERGE_PATCH = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';

export function createApiClient({ url, token, maxConnections = 32 }: ApiClientOptions): ApiClient {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: maxConnections, rejectUnauthorized: false })
    : new HttpAgent({ keepAlive: true, maxSockets: maxConnections });
  const send = secure ? httpsRequest : httpRequest;

  const open = (method: string, path: string, options: ApiRequest): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { body, contentType = 'application/json', signal } = options;
      const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
      if (token !== undefined) headers.authorization ??= `Bearer ${token}`;
      if (payload !== undefined) {
        headers['content-type'] = contentType;
        headers['content-length'] = String(Buffer.byteLength(payload));
      }
      const abort = signal === undefined ? {} : { signal };
      const sent = send({ hostname, port, path, method, headers, agent, ...abort }, resolve);
      sent.once('error', reject);
      sent.end(payload);
    });

  const request = async (method: string, path: string, options: ApiRequest = {}): Promise<ApiAnswer> => {
    const answer = await open(method, path, options);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: parsed(await text(answer)) };
  };

  const watch: ApiClient['watch'] = async (path, onEvent, signal, onOpen) => {
    const answer = await open('GET', path, signal === undefined ? {} : { signal });
    if (answer.statusCode !== 200) throw refusal('GET', path, answer.statusCode, parsed(await text(answer)));
    onOpen?.();
    const broken = new Promise<never>((_resolve, reject) => answer.once('error', reject));
    const read = async () => {
      for await (const line of createInterface(answer)) {
        const event = parsed(line);
        if (typeof event !== 'object' || event === null || !('object' in event)) continue;
        onEvent({ type: textAt(event, 'type'), object: event.object });
      }
    };
    await Promise.race([read(), broken]);
  };

  return {
    request,
    ask: async (method, path, options) => {
      const { status, body } = await request(method, path, options);
      if (status >= 300) throw refusal(method, path, status, body);
      return body;
    },
    watch,
    close: () => agent.destroy(),
  };
}

function refusal(method: string, path: string, status: number | undefined, body: unknown): Error {
  return new Error(`${method} ${path}: ${status} ${textAt(body, 'message') || JSON.stringify(body)}`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
