/** Reads JSON as the typed API does: a field of the wrong type is refused, one nobody declared is left out. */
import { badRequest, invalid } from '../api-status.ts';
import { type Fields, isFields, items, type NewObject, type NewObjectMeta } from '../objects.ts';
import type { ResourceInfo } from '../resources.ts';
import { type FieldType, messageOf } from './messages.ts';

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

/** `500m`, `2`, `1.5Gi`, `1e3`: the server's own expression. */
const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;

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
      return QUANTITY.test(String(value));
    case 'IntOrString':
      return typeof value === 'string' || typeof value === 'number';
    case 'FieldsV1':
      return isFields(value);
    default:
      return typeof value === 'string';
  }
}

const GO_NAMES: Readonly<Record<string, string>> = { bytes: '[]uint8', double: 'float64', IntOrString: 'intstr' };

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return isFields(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Where a value stands: `spec.containers[0].image`, and the message that declares the field. */
interface Place {
  readonly path: string;
  /** `Container.spec.containers.image`, as Go's decoder names the field. */
  readonly goName: string;
}

function mismatch(value: unknown, type: string, { goName }: Place, findings: Findings): undefined {
  const expected = GO_NAMES[type] ?? type;
  const place = goName.replaceAll(/\[\d+\]/g, '');
  findings.mismatches.push(
    `json: cannot unmarshal ${jsonType(value)} into Go struct field ${place} of type ${expected}`,
  );
  return undefined;
}

function readOne(value: unknown, type: string, place: Place, findings: Findings): unknown {
  if (messageOf(type)) {
    return isFields(value) ? readMessage(value, type, place.path, findings) : mismatch(value, type, place, findings);
  }
  return isScalar(value, type) ? value : mismatch(value, type, place, findings);
}

function readField(value: unknown, { name, container }: FieldType, place: Place, findings: Findings): unknown {
  switch (container) {
    case 'one':
      return readOne(value, name, place, findings);
    case 'list':
      if (!Array.isArray(value)) return mismatch(value, `[]${name}`, place, findings);
      return items(value).map((item, index) =>
        readOne(item, name, { ...place, path: `${place.path}[${index}]` }, findings),
      );
    case 'map': {
      if (!isFields(value)) return mismatch(value, `map[string]${name}`, place, findings);
      const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
      return Object.fromEntries(entries.map(([key, inner]) => [key, readOne(inner, name, place, findings)]));
    }
    default:
      return container satisfies never;
  }
}

/** A null field means a missing one. */
function readMessage(value: Fields, type: string, path: string, findings: Findings): Fields {
  const byName = messageOf(type)?.byName;
  const read: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const field = byName?.get(key);
    if (field === undefined) findings.unknown.push(`unknown field "${at}"`);
    else if (inner !== null && inner !== undefined) {
      read[key] = readField(inner, field, { path: at, goName: `${type}.${at}` }, findings);
    }
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
  const read = readMessage(body, messageNameOf(info), '', findings);
  const [wrongType] = findings.mismatches;
  if (wrongType !== undefined) throw unreadable(info, from, wrongType);
  if (validation === 'Strict' && findings.unknown.length > 0) {
    throw unreadable(info, from, `strict decoding error: ${findings.unknown.join(', ')}`);
  }
  const metadata = isMetadata(read.metadata) ? read.metadata : {};
  const warnings = validation === 'Warn' ? findings.unknown : [];
  return { object: { ...read, apiVersion: '', kind: info.kind, metadata }, warnings };
}

/** Paths of the fields that nobody declared, `.spec.colour`. */
export function undeclaredFields(info: ResourceInfo, sent: Fields): readonly string[] {
  const { warnings } = parseObject(info, sent, 'body', 'Warn');
  return warnings.map((warning) => `.${/"(.*)"/.exec(warning)?.[1] ?? ''}`);
}

function unreadable({ kind, version }: ResourceInfo, from: 'body' | 'patch', why: string): Error {
  if (from === 'body') return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  return invalid('', '', '', [{ reason: 'FieldValueInvalid', message: `Invalid value: ${why}`, field: 'patch' }]);
}
