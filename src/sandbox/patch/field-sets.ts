/** Sets of fields as server-side apply names them, and their `fieldsV1` form in `metadata.managedFields`. */

import { type Fields, fields, isFields, items } from '../objects.ts';
import { type FieldPath, isAtomicMap, keyDefault, listRule } from './list-keys.ts';

/** Steps such as `f:spec`, `k:{"name":"web"}`, `v:"x"` and a final `.`, joined by a character no step contains. */
export type FieldKey = string;
export type FieldSet = ReadonlySet<FieldKey>;
/** Every leaf of an object with its value; a list entry itself counts, as `.` with no value. */
export type Leaves = ReadonlyMap<FieldKey, unknown>;

const SEPARATOR = '\u0000';

/** Metadata nobody can own. */
const UNOWNED: ReadonlySet<string> = new Set([
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]);

export function stepsOf(key: FieldKey): readonly string[] {
  return key.split(SEPARATOR);
}

/** `k:{"containerPort":80,"protocol":"TCP"}`: a list entry by its keys. */
export function entryStep(entry: unknown, keys: readonly string[]): string {
  const named = keys.map((key) => [key, fields(entry)[key] ?? keyDefault(key)] as const);
  return `k:${JSON.stringify(Object.fromEntries(named.filter(([, value]) => value !== undefined)))}`;
}

function collect(value: unknown, path: FieldPath, prefix: string, into: Map<FieldKey, unknown>): void {
  if (Array.isArray(value)) {
    const rule = listRule(path);
    if (rule.kind === 'atomic' || value.length === 0) {
      into.set(prefix, value);
    } else if (rule.kind === 'set') {
      for (const item of value) into.set(`${prefix}${SEPARATOR}v:${JSON.stringify(item)}`, item);
    } else {
      for (const item of items(value)) {
        const entry = `${prefix}${SEPARATOR}${entryStep(item, rule.applyKeys)}`;
        into.set(`${entry}${SEPARATOR}.`, null);
        collectFields(fields(item), path, `${entry}${SEPARATOR}`, into);
      }
    }
  } else if (isFields(value) && Object.keys(value).length > 0 && !isAtomicMap(path)) {
    collectFields(value, path, `${prefix}${SEPARATOR}`, into);
  } else {
    into.set(prefix, value);
  }
}

function collectFields(value: Fields, path: FieldPath, prefix: string, into: Map<FieldKey, unknown>): void {
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined || inner === null) continue;
    if (path.length === 1 && path[0] === 'metadata' && UNOWNED.has(key)) continue;
    collect(inner, [...path, key], `${prefix}f:${key}`, into);
  }
}

/** The leaves of an object that can have an owner; `except` names top-level fields to leave out. */
export function leavesOf(object: Fields, except: readonly string[] = []): Leaves {
  const into = new Map<FieldKey, unknown>();
  const body = Object.entries(object).filter(
    ([key]) => key !== 'apiVersion' && key !== 'kind' && !except.includes(key),
  );
  collectFields(Object.fromEntries(body), [], '', into);
  into.delete('f:metadata');
  return into;
}

/** Objects made alike have equal sets: they share one nested form, ten thousand Deployments as well as ten. */
const shared = new Map<string, Fields>();
const MAX_SHARED = 2_000;
/** What a nested form holds, read once. */
const read = new WeakMap<Fields, FieldSet>();

/** The nested form `{ "f:spec": { "f:replicas": {} } }`; equal sets give the same object. */
export function toFieldsV1(set: FieldSet): Fields {
  const keys = [...set].sort();
  const name = keys.join('\n');
  const known = shared.get(name);
  if (known) return known;
  const nested = nest(keys);
  if (shared.size >= MAX_SHARED) shared.clear();
  shared.set(name, nested);
  return nested;
}

function nest(keys: readonly FieldKey[]): Fields {
  const root: Record<string, unknown> = {};
  for (const key of keys) {
    let node = root;
    for (const step of stepsOf(key)) {
      const next = node[step];
      const child: Record<string, unknown> = isMutable(next) ? next : {};
      node[step] = child;
      node = child;
    }
  }
  return root;
}

function isMutable(value: unknown): value is Record<string, unknown> {
  return isFields(value);
}

export function fromFieldsV1(nested: Fields): FieldSet {
  const known = read.get(nested);
  if (known) return known;
  const found = new Set<FieldKey>();
  const walk = (node: Fields, prefix: string): void => {
    const entries = Object.entries(node);
    if (entries.length === 0 && prefix !== '') found.add(prefix);
    for (const [step, child] of entries) walk(fields(child), prefix === '' ? step : `${prefix}${SEPARATOR}${step}`);
  };
  walk(nested, '');
  read.set(nested, found);
  return found;
}

/** `.spec.template.spec.containers[name="web"].image`, as conflicts name a field. */
export function fieldText(key: FieldKey): string {
  return stepsOf(key)
    .map((step) => {
      if (step === '.') return '';
      if (step.startsWith('f:')) return `.${step.slice(2)}`;
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
      const keys = Object.entries(fields(JSON.parse(step.slice(2))));
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}
