/** Who set which field: keeps `metadata.managedFields` the way the API server does after each write. */

import { type KubeObject, kubeTime, type ManagedFields, type NewObject, sameJson } from '../objects.ts';
import { type FieldSet, fromFieldsV1, type Leaves, leavesOf, toFieldsV1 } from './field-sets.ts';

export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
  /** Epoch ms. */
  readonly now: number;
}

/** More managers than this and the oldest Update entries fold into one, as upstream bounds it. */
const MAX_UPDATE_MANAGERS = 10;

export function isSameWriter(entry: ManagedFields, writer: Writer): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    entry.apiVersion === writer.apiVersion &&
    (entry.subresource ?? '') === (writer.subresource ?? '')
  );
}

export function entryOf(writer: Writer, set: FieldSet): ManagedFields {
  return {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: writer.apiVersion,
    time: kubeTime(writer.now),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(set),
    ...(writer.subresource ? { subresource: writer.subresource } : {}),
  };
}

export interface Change {
  /** Added or with another value. */
  readonly set: FieldSet;
  readonly removed: FieldSet;
}

export function changeBetween(before: Leaves, after: Leaves): Change {
  const set = new Set<string>();
  const removed = new Set<string>();
  for (const [key, value] of after) if (!before.has(key) || !sameJson(before.get(key), value)) set.add(key);
  for (const key of before.keys()) if (!after.has(key)) removed.add(key);
  return { set, removed };
}

/** The entries with every key that `drop` names taken away; entries left empty are dropped. */
export function withoutKeys(entries: readonly ManagedFields[], drop: (key: string) => boolean): ManagedFields[] {
  return entries.flatMap((entry) => {
    const all = fromFieldsV1(entry.fieldsV1);
    const kept = new Set([...all].filter((key) => !drop(key)));
    if (kept.size === all.size) return [entry];
    return kept.size === 0 ? [] : [{ ...entry, fieldsV1: toFieldsV1(kept) }];
  });
}

function bounded(entries: readonly ManagedFields[]): readonly ManagedFields[] {
  const updates = entries.filter((entry) => entry.operation === 'Update' && !entry.subresource);
  if (updates.length <= MAX_UPDATE_MANAGERS) return entries;
  const folded = updates.slice(0, updates.length - MAX_UPDATE_MANAGERS + 1);
  const union = new Set(folded.flatMap((entry) => [...fromFieldsV1(entry.fieldsV1)]));
  const [first] = folded;
  if (!first) return entries;
  const ancient = { ...first, manager: 'ancient-changes', fieldsV1: toFieldsV1(union) };
  return [ancient, ...entries.filter((entry) => !folded.includes(entry))];
}

/** `next` with its managedFields brought up to date after an ordinary (not apply) write by `writer`. */
export function trackUpdate<T extends NewObject>(old: KubeObject | undefined, next: T, writer: Writer): T {
  const except = writer.subresource === 'status' ? [] : ['status'];
  const change = changeBetween(old ? leavesOf(old, except) : new Map(), leavesOf(next, except));
  const before = old?.metadata.managedFields ?? [];
  // An explicit empty list is the documented way to make the server forget every manager.
  const reset = old !== undefined && next.metadata.managedFields?.length === 0;
  if (change.set.size === 0 && change.removed.size === 0) return withEntries(next, reset ? [] : before);
  const mine = before.find((entry) => isSameWriter(entry, writer));
  const others = withoutKeys(
    before.filter((entry) => entry !== mine),
    (key) => change.set.has(key) || change.removed.has(key),
  );
  const set = new Set(mine && !reset ? fromFieldsV1(mine.fieldsV1) : []);
  for (const key of change.removed) set.delete(key);
  for (const key of change.set) set.add(key);
  const entries = [...(reset ? [] : others), ...(set.size > 0 ? [entryOf(writer, set)] : [])];
  return withEntries(next, bounded(entries));
}

export function withEntries<T extends NewObject>(object: T, entries: readonly ManagedFields[]): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, ...(entries.length > 0 ? { managedFields: entries } : {}) } };
}
