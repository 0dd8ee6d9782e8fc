/** From what went wrong with a call to an `ApiError`: by status, reason and error code, never by message text. */
import { ApiError, type ApiErrorKind } from '../domain/api-error.ts';
import { oneLine } from '../domain/printable.ts';
import { redact } from '../domain/redact.ts';
import { fieldsOf, isFields, listOf, numberOf, textOf } from './fields.ts';

/** An answer with a status other than 2xx, its body already read. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const MAX_DETAIL = 500;
/** A gateway's page may ask for an hour, or name a date by a wrong clock; the server itself asks for seconds. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * @param asked method and path, e.g. `GET /apis/apps/v1/namespaces/prod/deployments/web`
 * @param now epoch ms, for a `Retry-After` that names a date
 */
export function errorOfAnswer(asked: string, answer: Answer, now: number): ApiError {
  const status = parseStatus(answer.body);
  const detail = status === undefined ? '' : oneLine(redact(status.message), MAX_DETAIL);
  const kind = kindOf(answer.status, status);
  const retryAfterMs = parseRetryAfter(answer.retryAfter, now) ?? status?.retryAfterMs;
  const words = [status?.reason, detail].filter((word) => word !== undefined && word !== '').join(': ');
  const nonsense = kind === 'nonsense' ? 'not an answer of the Kubernetes API' : '';
  return new ApiError(kind, `${asked}: ${[answer.status, words || nonsense].filter(Boolean).join(' ')}`, {
    code: answer.status,
    detail,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) }),
  });
}

/** A status that came inside a watch stream, as an `ERROR` event. */
export function errorOfStatus(asked: string, object: unknown, now: number): ApiError {
  const body = JSON.stringify(isFields(object) ? object : {});
  return errorOfAnswer(asked, { status: numberOf(fieldsOf(object).code, 500), retryAfter: undefined, body }, now);
}

/** The call was not answered: refused, reset, cut off, or not trusted. Throws what is a mistake of ours instead. */
export function errorOfFailure(asked: string, cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  if (!isFromOutside(cause)) throw cause;
  const detail = describeFailure(cause);
  return new ApiError('unreachable', `${asked}: ${detail}`, { detail, cause });
}

/** We are stopping. */
export function errorOfClosing(asked: string): ApiError {
  const detail = 'closed by us';
  return new ApiError('unreachable', `${asked}: ${detail}`, { detail });
}

export function errorOfDeadline(asked: string, deadlineMs: number): ApiError {
  const detail = `no answer within ${deadlineMs / 1000} s`;
  return new ApiError('unreachable', `${asked}: ${detail}`, { detail });
}

/** Status 200, but not what was asked for. */
export function errorOfNonsense(asked: string, detail: string, cause?: unknown): ApiError {
  return new ApiError('nonsense', `${asked}: ${detail}`, { detail, cause });
}

/** Kubernetes' own answer to a failed call: an object of kind `Status`. */
interface Status {
  readonly reason: string;
  readonly message: string;
  readonly hasCauses: boolean;
  readonly retryAfterMs: number | undefined;
}

function parseStatus(body: string): Status | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // HTML of a gateway, or an answer cut off: there is no status in it.
    return undefined;
  }
  const fields = fieldsOf(value);
  if (fields.kind !== 'Status') return undefined;
  const details = fieldsOf(fields.details);
  const seconds = numberOf(details.retryAfterSeconds);
  return {
    reason: textOf(fields.reason),
    message: textOf(fields.message),
    hasCauses: listOf(details.causes).length > 0,
    retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
  };
}

function kindOf(code: number, status: Status | undefined): ApiErrorKind {
  if (code >= 500) return 'server';
  if (code === 401) return 'unauthorized';
  if (code === 429) return 'throttled';
  if (code === 410) return 'gone';
  // A gateway's own 404 or 403 must not read as "no such Deployment": the API always sends a Status.
  if (code < 400 || status === undefined) return 'nonsense';
  switch (code) {
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 408:
      return 'server';
    case 409:
      return status.reason === 'AlreadyExists' ? 'already-exists' : 'conflict';
    case 422:
      // A failed `test` of a JSON Patch, or a path that is not there: 422 without causes.
      return status.hasCauses ? 'invalid' : 'conflict';
    default:
      return 'invalid';
  }
}

/** Seconds, or an HTTP date; ms from `now`. */
function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'connection lost',
  UND_ERR_CONNECT_TIMEOUT: 'could not connect in time',
  ETIMEDOUT: 'could not connect in time',
  ENOTFOUND: 'the server name is not known',
  EAI_AGAIN: 'the server name cannot be resolved now',
  EHOSTUNREACH: 'no route to the server',
  ENETUNREACH: 'no route to the server',
  CERT_HAS_EXPIRED: 'the server certificate has expired; check the clock too',
  CERT_NOT_YET_VALID: 'the server certificate is not valid yet; check the clock',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the server certificate is not signed by the CA of the kubeconfig',
  SELF_SIGNED_CERT_IN_CHAIN: 'the server certificate is not signed by the CA of the kubeconfig',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the server certificate is not signed by the CA of the kubeconfig',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the server certificate is not signed by the CA of the kubeconfig',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the server certificate is for another name',
};

/** Errors of the system, of TLS and of undici carry a code; a call we end ourselves fails with an `AbortError`. */
function isFromOutside(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || codesOf(error).length > 0);
}

function describeFailure(error: unknown): string {
  const code = codesOf(error).find((candidate) => WORDS[candidate] !== undefined);
  if (code !== undefined) return `${WORDS[code]} (${code})`;
  return oneLine(error instanceof Error ? error.message || error.name : String(error), MAX_DETAIL);
}

/** Those of an error and of its causes, outermost first. */
function codesOf(error: unknown): readonly string[] {
  const codes: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') codes.push(cause.code);
  }
  return codes;
}
