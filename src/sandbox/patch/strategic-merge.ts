/** Strategic merge patch: what `kubectl set image`, `apply`, `scale` and `rollout` send. */
import { unclassified } from '../api-status.ts';
import { type Fields, fields, isFields, items, sameJson } from '../objects.ts';
import { type FieldPath, listRule } from './list-keys.ts';

const ORDER_PREFIX = '$setElementOrder/';
const PRIMITIVE_DELETE_PREFIX = '$deleteFromPrimitiveList/';

/** Applies a strategic merge patch to an object; throws ApiStatus 500, as upstream does, when an entry lacks its merge key. */
export function applyStrategicMerge(original: unknown, patch: unknown, path: FieldPath = []): unknown {
  if (!isFields(patch)) return patch;
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  if (patch.$patch === 'delete') return {};
  if (patch.$patch !== undefined && patch.$patch !== 'merge') throw unclassified(`unknown patch type: ${patch.$patch}`);
  const base = retained(fields(original), patch.$retainKeys);
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    const next = mergeField(base[key], value, [...path, key]);
    if (next === undefined) delete merged[key];
    else merged[key] = next;
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(PRIMITIVE_DELETE_PREFIX)) {
      const field = key.slice(PRIMITIVE_DELETE_PREFIX.length);
      merged[field] = items(merged[field]).filter((item) => !items(value).includes(item));
    } else if (key.startsWith(ORDER_PREFIX)) {
      const field = key.slice(ORDER_PREFIX.length);
      if (Array.isArray(merged[field])) {
        merged[field] = inOrder(items(base[field]), items(merged[field]), items(value), [...path, field]);
      }
    }
  }
  return merged;
}

/** The merged value of one field; undefined removes it. */
function mergeField(original: unknown, value: unknown, path: FieldPath): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) {
    const merged = mergeList(items(original), items(value), path);
    return listRule(path).kind === 'map' ? inOrder(items(original), merged, items(value), path) : merged;
  }
  if (!isFields(value)) return value;
  if (value.$patch === 'delete') return undefined;
  return applyStrategicMerge(original, value, path);
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], path: FieldPath): readonly unknown[] {
  const rule = listRule(path);
  if (rule.kind === 'set') return [...original, ...patch.filter((item) => !original.includes(item))];
  if (rule.kind === 'atomic' || patch.some((item) => fields(item).$patch === 'replace')) {
    return patch.filter((item) => fields(item).$patch === undefined).map(withoutDirectives);
  }
  let merged = [...original];
  for (const item of patch) {
    const entry = fields(item);
    const key = entry[rule.patchKey];
    if (key === undefined) {
      throw unclassified(`map: ${JSON.stringify(entry)} does not contain declared merge key: ${rule.patchKey}`);
    }
    const index = merged.findIndex((other) => sameJson(fields(other)[rule.patchKey], key));
    if (entry.$patch === 'delete') merged = merged.filter((_, position) => position !== index);
    else if (index < 0) merged.push(applyStrategicMerge({}, entry, path));
    else merged[index] = applyStrategicMerge(merged[index], entry, path);
  }
  return merged;
}

function retained(original: Fields, keys: unknown): Fields {
  if (!Array.isArray(keys)) return original;
  const kept = new Set(keys);
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.has(key)));
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isFields(value)) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !key.startsWith('$') && inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutDirectives(inner)]));
}

/**
 * Puts the entries a patch orders into that order. Entries only the server has keep their place relative to the
 * ordered ones they stood before.
 */
function inOrder(
  original: readonly unknown[],
  merged: readonly unknown[],
  order: readonly unknown[],
  path: FieldPath,
): readonly unknown[] {
  const rule = listRule(path);
  const keyOf = (item: unknown): unknown => (rule.kind === 'map' ? fields(item)[rule.patchKey] : item);
  const placeIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((other) => sameJson(keyOf(other), keyOf(item)));
  const ordered = merged
    .filter((item) => placeIn(order, item) >= 0)
    .sort((left, right) => placeIn(order, left) - placeIn(order, right));
  const others = merged.filter((item) => placeIn(order, item) < 0);
  const result: unknown[] = [];
  for (const item of ordered) {
    const place = placeIn(original, item);
    while (others.length > 0 && place >= 0 && placeIn(original, others[0]) < place) result.push(others.shift());
    result.push(item);
  }
  return [...result, ...others];
}
