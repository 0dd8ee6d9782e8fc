/** The options of a request that every kind of object shares, and the refusal of wrong ones. */
import { type ApiStatus, invalid, type StatusCause } from '../api-status.ts';
import { at } from '../objects.ts';
import { type ApiRequest, flag } from './request.ts';

const OPTION_KINDS: Readonly<Record<ApiRequest['verb'], string>> = {
  get: 'GetOptions',
  list: 'ListOptions',
  watch: 'ListOptions',
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'DeleteOptions',
};

/** The 422 for an option: what is wrong with it, and its name as the field. */
export function invalidOption({ verb }: ApiRequest, field: string, problem: Omit<StatusCause, 'field'>): ApiStatus {
  return invalid(OPTION_KINDS[verb], 'meta.k8s.io', '', [{ ...problem, field }]);
}

function forbiddenOption(request: ApiRequest, field: string, why: string): ApiStatus {
  return invalidOption(request, field, { reason: 'FieldValueForbidden', message: `Forbidden: ${why}` });
}

/** Whether the request asks to store nothing; throws ApiStatus 422 for a value other than `All`. */
export function isDryRun(request: ApiRequest): boolean {
  const { query, body, verb } = request;
  const inBody = verb === 'delete' || verb === 'deletecollection' ? at(body, 'dryRun', 0) : undefined;
  const asked = [...query.getAll('dryRun'), ...(inBody === undefined ? [] : [String(inBody)])];
  const other = asked.find((value) => value !== 'All');
  if (other === undefined) return asked.length > 0;
  const message = `Unsupported value: ${JSON.stringify(asked)}: supported values: "All"`;
  throw invalidOption(request, 'dryRun', { reason: 'FieldValueNotSupported', message });
}

const LONGEST_MANAGER = 128;

/** The `fieldManager` parameter, else the first word of the User-Agent; throws ApiStatus 422 when it is too long. */
export function fieldManagerOf(request: ApiRequest): string {
  const named = request.query.get('fieldManager') ?? '';
  if (named.length > LONGEST_MANAGER) {
    const message = `Too long: may not be more than ${LONGEST_MANAGER} bytes`;
    throw invalidOption(request, 'fieldManager', { reason: 'FieldValueTooLong', message });
  }
  return named || request.userAgent.split('/')[0] || 'unknown';
}

/** Throws ApiStatus 422 for a `force` on a patch that is not an apply. */
export function forbidForce(request: ApiRequest): void {
  if (!flag(request.query, 'force')) return;
  throw forbiddenOption(request, 'force', 'may not be specified for non-apply patch');
}

/** Which options about versions go together, for lists and watches; throws ApiStatus 422. */
export function checkVersionOptions(request: ApiRequest): void {
  const { verb, query } = request;
  const match = query.get('resourceVersionMatch');
  const hasInitialEvents = query.has('sendInitialEvents');
  if (verb === 'list' && hasInitialEvents) {
    throw forbiddenOption(request, 'sendInitialEvents', 'sendInitialEvents is forbidden for list');
  }
  if (verb === 'list' && match !== null && !query.get('resourceVersion')) {
    const why = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
    throw forbiddenOption(request, 'resourceVersionMatch', why);
  }
  if (verb === 'watch' && match !== null && !hasInitialEvents) {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    throw forbiddenOption(request, 'resourceVersionMatch', why);
  }
  if (verb === 'watch' && hasInitialEvents && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    throw forbiddenOption(request, 'resourceVersionMatch', why);
  }
}
