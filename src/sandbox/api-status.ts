/** Errors as an API server answers them: a `Status` object with a code and a machine-readable reason. */

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** Thrown by the store and the API; the HTTP layer sends `body()` with `code`. */
export class ApiStatus extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiStatus';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  body(): Readonly<Record<string, unknown>> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** `deployments.apps` or `pods`: how messages and store keys name a kind of object. */
function subject(resource: string, name: string): { text: string; details: StatusDetails } {
  const dot = resource.indexOf('.');
  const kind = dot < 0 ? resource : resource.slice(0, dot);
  const group = dot < 0 ? undefined : resource.slice(dot + 1);
  return { text: `${resource} "${name}"`, details: { name, ...(group ? { group } : {}), kind } };
}

export function notFound(resource: string, name: string): ApiStatus {
  const { text, details } = subject(resource, name);
  return new ApiStatus(404, 'NotFound', `${text} not found`, details);
}

export function alreadyExists(resource: string, name: string): ApiStatus {
  const { text, details } = subject(resource, name);
  return new ApiStatus(409, 'AlreadyExists', `${text} already exists`, details);
}

/** The version the writer read is no longer the stored one. */
export function conflict(resource: string, name: string, why?: string): ApiStatus {
  const { text, details } = subject(resource, name);
  const because = why ?? 'the object has been modified; please apply your changes to the latest version and try again';
  return new ApiStatus(409, 'Conflict', `Operation cannot be fulfilled on ${text}: ${because}`, details);
}

export function forbidden(resource: string, name: string, why: string, causes?: readonly StatusCause[]): ApiStatus {
  const { text, details } = subject(resource, name);
  return new ApiStatus(403, 'Forbidden', `${text} is forbidden: ${why}`, { ...details, ...(causes ? { causes } : {}) });
}

export function badRequest(message: string): ApiStatus {
  return new ApiStatus(400, 'BadRequest', message);
}

/** What upstream answers where nobody expected the error: 500 without a reason. */
export function unclassified(message: string): ApiStatus {
  return new ApiStatus(500, '', message);
}

export function expired(message: string): ApiStatus {
  return new ApiStatus(410, 'Expired', message);
}

/** 422 with one cause per wrong field. `kind` and `group` as validation names them: `Deployment`, `apps`. */
export function invalid(kind: string, group: string, name: string, causes: readonly StatusCause[]): ApiStatus {
  const list = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const told = list.length === 1 ? list[0] : `[${list.join(', ')}]`;
  const named = group ? `${kind}.${group}` : kind;
  return new ApiStatus(422, 'Invalid', `${named} "${name}" is invalid: ${told}`, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    ...(kind ? { kind } : {}),
    causes,
  });
}
