/** What the sandbox stores: plain Kubernetes JSON, read through guards because anybody may have written it. */

/** A JSON object nobody has checked yet. */
export type Fields = { readonly [field: string]: unknown };

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFields {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: Fields;
  readonly subresource?: string;
}

/** Metadata as a client or a controller hands it in; the store fills in the rest. */
export interface NewObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFields[];
}

/** Metadata of a stored object. */
export interface ObjectMeta extends NewObjectMeta {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

/** An object on its way into the store. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: NewObjectMeta;
  readonly [field: string]: unknown;
}

/** A stored object: an immutable snapshot. To change one, build a new one and `store.update` it. */
export interface KubeObject extends NewObject {
  readonly metadata: ObjectMeta;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object, or an empty one. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** The value as an array, or an empty one. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The value at a path of object keys and array indexes, undefined where the path leaves the object. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const step of path) {
    current = typeof step === 'number' ? items(current)[step] : isFields(current) ? current[step] : undefined;
  }
  return current;
}

/** Deep equality of JSON values; an undefined field equals a missing one. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, index) => sameJson(value, right[index]));
  }
  if (!isFields(left) || !isFields(right)) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (!sameJson(left[key], right[key])) return false;
  return true;
}

const serialised = new WeakMap<object, string>();

/** The object's JSON, made once per version: lists and watches send the same text to everybody. */
export function jsonOf(object: KubeObject): string {
  const known = serialised.get(object);
  if (known !== undefined) return known;
  const { apiVersion, kind, metadata, ...body } = object;
  const { resourceVersion, ...unversioned } = metadata;
  // An object of a dry run was never stored and has no version.
  const made = JSON.stringify({ apiVersion, kind, metadata: resourceVersion === '' ? unversioned : metadata, ...body });
  serialised.set(object, made);
  return made;
}

/** The object's JSON inside a list, where kind and apiVersion stand once for all. */
export function itemJsonOf(object: KubeObject): string {
  const { apiVersion, kind } = object;
  // A slice of the text above costs nothing.
  return `{${jsonOf(object).slice(JSON.stringify({ apiVersion, kind }).length)}`;
}

/** Kubernetes times have whole seconds: `2026-01-31T12:00:00Z`. */
export function kubeTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
