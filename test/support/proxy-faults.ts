/** What the recording proxy can do to a request instead of passing it on, and the rules that choose it. */
import type { IncomingHttpHeaders } from 'node:http';

export interface ProxyRequest {
  /** Counts from 1 in the order of arrival. */
  readonly id: number;
  /** Number of the client connection that brought it, from 1. */
  readonly connection: number;
  readonly method: string;
  /** The request line's path with its query, byte for byte. */
  readonly target: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly isWatch: boolean;
}

export type FaultAction =
  /** Passed on `ms` later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Passed on when the fault is released or removed. */
  | { readonly kind: 'hold' }
  /** The client's connection is reset; nothing reaches the server. */
  | { readonly kind: 'refuse' }
  /** Answered by the proxy; without `body`, with the Status object an API server would send. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The server does what was asked, but its answer is lost: the client's connection is reset. */
  | { readonly kind: 'lose-reply' }
  /** Answered as usual, and sent to the server once more `afterMs` later, as a retrying network would. */
  | { readonly kind: 'duplicate'; readonly afterMs: number }
  /** Streamed for `afterMs`, then ended: by a reset connection, or, when `clean`, as a server's time-out ends it. */
  | { readonly kind: 'cut'; readonly afterMs: number; readonly clean?: boolean }
  /** Streamed for `afterMs`, then silent though the connection stays open. */
  | { readonly kind: 'stall'; readonly afterMs: number }
  /** Never passed on and never answered. */
  | { readonly kind: 'black-hole' };

export interface FaultRule {
  readonly match: (request: ProxyRequest) => boolean;
  readonly action: FaultAction;
  /** How many requests it takes at most; without it, all that match. */
  readonly times?: number;
}

export interface Fault extends Disposable {
  /** How many requests it took so far. */
  readonly hits: number;
  /** How many requests a `hold` keeps right now. */
  readonly held: number;
  /** Lets what is held go on; later matches are held again. */
  release(): void;
  /** Ends the rule and releases what it holds. */
  remove(): void;
}

/** One rule's taking of one request. */
export interface TakenFault {
  readonly action: FaultAction;
  /** For `hold`: settles when the fault is released or removed. */
  released(): Promise<void>;
}

export interface FaultBook {
  add(rule: FaultRule): Fault;
  /** The first rule, in the order of adding, that matches and has not used up its `times`. */
  take(request: ProxyRequest): TakenFault | undefined;
  removeAll(): void;
}

export function createFaultBook(): FaultBook {
  const entries = new Set<{ take(request: ProxyRequest): TakenFault | undefined; fault: Fault }>();

  const add = (rule: FaultRule): Fault => {
    const waiting = new Set<() => void>();
    let hits = 0;
    const release = () => {
      for (const goOn of waiting) goOn();
      waiting.clear();
    };
    const remove = () => {
      entries.delete(entry);
      release();
    };
    const fault: Fault = {
      get hits() {
        return hits;
      },
      get held() {
        return waiting.size;
      },
      release,
      remove,
      [Symbol.dispose]: remove,
    };
    const take = (request: ProxyRequest): TakenFault | undefined => {
      if (hits >= (rule.times ?? Number.POSITIVE_INFINITY) || !rule.match(request)) return undefined;
      hits += 1;
      return { action: rule.action, released: () => new Promise((resolve) => waiting.add(resolve)) };
    };
    const entry = { take, fault };
    entries.add(entry);
    return fault;
  };

  return {
    add,
    take: (request) => {
      for (const entry of entries) {
        const taken = entry.take(request);
        if (taken !== undefined) return taken;
      }
      return undefined;
    },
    removeAll: () => {
      for (const { fault } of entries) fault.remove();
    },
  };
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The body an API server sends with an error: a `Status` object. */
export function statusBody(code: number): string {
  const reason = REASONS[code] ?? 'Unknown';
  const message = `the proxy answered ${code} ${reason}`;
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
}
