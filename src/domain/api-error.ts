/** Errors of the Kubernetes API, told apart by what the engine does about them. Made in the cluster room only. */

export type ApiErrorKind =
  /** 404: no such object. */
  | 'not-found'
  /**
   * 403: our account lacks a right, or the server's admission (a policy, a quota, a namespace that is going) denies this
   * very change. `Cluster.mayPatch` tells the two apart.
   */
  | 'forbidden'
  /** 401 after one refresh of the credentials. */
  | 'unauthorized'
  /** 409 on create: it exists. */
  | 'already-exists'
  /** 409, or 422 of a failed JSON Patch `test`: somebody was faster; look again. */
  | 'conflict'
  /** 422 with causes, or 400: the server will never take this. */
  | 'invalid'
  /** 410: the resourceVersion is too old to watch from. */
  | 'gone'
  /** 429. */
  | 'throttled'
  /** 5xx. */
  | 'server'
  /** No answer: refused, reset, name not resolved, TLS, or our deadline passed. */
  | 'unreachable'
  /** An answer that is not the API's: HTML with status 200, truncated JSON. */
  | 'nonsense';

/** An API call that did not succeed. The message is one line without secrets: what was asked, and the answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;
  /** HTTP status; undefined when there was no answer. */
  readonly code: number | undefined;
  /** The server's `Retry-After`, ms, at most a minute. */
  readonly retryAfterMs: number | undefined;
  /** The server's own words (`status.message`), or the network error's. */
  readonly detail: string;

  constructor(
    kind: ApiErrorKind,
    message: string,
    facts: {
      readonly code?: number;
      readonly retryAfterMs?: number;
      readonly detail?: string;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: facts.cause });
    this.kind = kind;
    this.code = facts.code;
    this.retryAfterMs = facts.retryAfterMs;
    this.detail = facts.detail ?? '';
  }
}

/** Whether trying again later can succeed without anybody changing anything. */
export function isTransient(error: ApiError): boolean {
  switch (error.kind) {
    case 'conflict':
    case 'gone':
    case 'throttled':
    case 'server':
    case 'unreachable':
    case 'nonsense':
    case 'unauthorized':
      return true;
    case 'not-found':
    case 'forbidden':
    case 'already-exists':
    case 'invalid':
      return false;
    default:
      return error.kind satisfies never;
  }
}
