/** Reads JSON as the typed API does: a field of the wrong type is refused, one nobody declared is left out. */
import { badRequest, invalid } from '../api-status.ts';
import { type Fields, isFields, items, type NewObject, type NewObjectMeta } from '../objects.ts';
import type { ResourceInfo } from '../resources.ts';
import { type FieldType, type Message, messageOf } from './messages.ts';

/** What to do about undeclared fields: the `fieldValidation` parameter. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

interface Findings {
  readonly unknown: string[];
  readonly mismatches: string[];
}

export interface ParsedObject {
  readonly object: NewObject;
  /** `unknown field "spec.x"`, for `Warning` headers. */
  readonly warnings: readonly string[];
}

function isScalar(value: unknown, type: string): boolean {
  switch (type) {
    case 'int32':
      return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31;
    case 'int64':
      return Number.isInteger(value);
    case 'double':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'Quantity':
    case 'IntOrString':
      return typeof value === 'string' || typeof value === 'number';
    case 'FieldsV1':
      return isFields(value);
    default:
      return typeof value === 'string';
  }
}

const goNames: Readonly<Record<string, string>> = { bytes: '[]uint8', double: 'float64', IntOrString: 'intstr' };

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return isFields(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
}

function mismatch(value: unknown, type: string, path: string, findings: Findings): undefined {
  const expected = goNames[type] ?? type;
  const what = `json: cannot unmarshal ${jsonType(value)} into Go struct field ${path} of type ${expected}`;
  findings.mismatches.push(what);
  return undefined;
}

function readOne(value: unknown, type: string, path: string, findings: Findings): unknown {
  const message = messageOf(type);
  if (message)
    return isFields(value) ? readMessage(value, message, path, findings) : mismatch(value, type, path, findings);
  return isScalar(value, type) ? value : mismatch(value, type, path, findings);
}

function readField(value: unknown, { name, container }: FieldType, path: string, findings: Findings): unknown {
  switch (container) {
    case 'one':
      return readOne(value, name, path, findings);
    case 'list':
      if (!Array.isArray(value)) return mismatch(value, `[]${name}`, path, findings);
      return items(value).map((item, index) => readOne(item, name, `${path}[${index}]`, findings));
    case 'map': {
      if (!isFields(value)) return mismatch(value, `map[string]${name}`, path, findings);
      const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
      return Object.fromEntries(entries.map(([key, inner]) => [key, readOne(inner, name, `${path}.${key}`, findings)]));
    }
    default:
      return container satisfies never;
  }
}

/** A null field means a missing one. */
function readMessage(value: Fields, { byName }: Message, path: string, findings: Findings): Fields {
  const read: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const type = byName.get(key);
    if (type === undefined) findings.unknown.push(`unknown field "${at}"`);
    else if (inner !== null && inner !== undefined) read[key] = readField(inner, type, at, findings);
  }
  return read;
}

/** The declared shape of a resource's objects. */
export function messageNameOf({ key, kind }: Pick<ResourceInfo, 'key' | 'kind'>): string {
  return key === 'events.events.k8s.io' ? 'V1Event' : kind;
}

function isMetadata(value: unknown): value is NewObjectMeta {
  return isFields(value);
}

/**
 * The body as an object of this resource. Throws ApiStatus for a wrong type, and with `Strict` for an undeclared
 * field: 400 for a body, 422 for the outcome of a patch.
 */
export function parseObject(
  info: ResourceInfo,
  sent: Fields,
  from: 'body' | 'patch',
  validation: FieldValidation,
): ParsedObject {
  const findings: Findings = { unknown: [], mismatches: [] };
  const { apiVersion: _, kind: __, ...body } = sent;
  const message = messageOf(messageNameOf(info));
  const read = message ? readMessage(body, message, '', findings) : body;
  const [wrongType] = findings.mismatches;
  if (wrongType !== undefined) throw unreadable(info, from, wrongType);
  if (validation === 'Strict' && findings.unknown.length > 0) {
    throw unreadable(info, from, `strict decoding error: ${findings.unknown.join(', ')}`);
  }
  const metadata = isMetadata(read.metadata) ? read.metadata : {};
  const warnings = validation === 'Warn' ? findings.unknown : [];
  return { object: { ...read, apiVersion: '', kind: info.kind, metadata }, warnings };
}

function unreadable({ kind, version }: ResourceInfo, from: 'body' | 'patch', why: string): Error {
  if (from === 'body') return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  return invalid('', '', '', [{ reason: 'FieldValueInvalid', message: `Invalid value: ${why}`, field: 'patch' }]);
}
