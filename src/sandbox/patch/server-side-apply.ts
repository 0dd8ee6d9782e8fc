/** Server-side apply: merges an applied configuration, prunes what its manager gave up, finds conflicts. */
import { ApiStatus, type StatusCause } from '../api-status.ts';
import { type Fields, fields, isFields, items, type KubeObject, type ManagedFields, sameJson } from '../objects.ts';
import { entryStep, fieldText, fromFieldsV1, leavesOf, stepsOf } from './field-sets.ts';
import { inheritedFields, withLastApplied } from './last-applied.ts';
import { type FieldPath, isAtomicMap, listRule } from './list-keys.ts';
import { changeBetween, entryOf, isSameWriter, type Writer, withEntries, withoutKeys } from './managed-fields.ts';

export interface ApplyRequest {
  readonly live: KubeObject;
  readonly applied: Fields;
  readonly writer: Writer;
  readonly force: boolean;
}

/** The merged object with its new managedFields; throws ApiStatus 409 with one cause per conflicting field. */
export function applyServerSide({ live, applied, writer, force }: ApplyRequest): KubeObject {
  const configuration = leavesOf(withoutServerFields(applied));
  const before = live.metadata.managedFields ?? [];
  const mine = before.find((entry) => isSameWriter(entry, writer));
  const others = before.filter((entry) => entry !== mine);
  const merged = fields(merge(live, withoutServerFields(applied), []));
  const pruned = prune(merged, givenUp(mine, others, new Set(configuration.keys())));

  const changed = changeBetween(leavesOf(live), leavesOf(pruned)).set;
  const contested = new Set([...changed].filter((key) => configuration.has(key)));
  const inherited = inheritedFields(live, writer);
  const disputed = new Set([...contested].filter((key) => !inherited.has(key)));
  const conflicts = others.flatMap((entry) => conflictsWith(entry, disputed));
  if (conflicts.length > 0 && !force) throw conflictStatus(conflicts);

  const kept = withoutKeys(others, (key) => contested.has(key));
  const entry = entryOf(writer, new Set(configuration.keys()));
  const unchanged = mine && sameJson(mine.fieldsV1, entry.fieldsV1) && changed.size === 0;
  const { name, uid, resourceVersion, creationTimestamp } = live.metadata;
  const merges = fields(pruned.metadata);
  const noted = withLastApplied(merges.annotations, applied, writer);
  const metadata = { ...merges, ...noted, name, uid, resourceVersion, creationTimestamp };
  const result: KubeObject = { ...pruned, apiVersion: live.apiVersion, kind: live.kind, metadata };
  return withEntries(result, [...kept, unchanged ? mine : entry]);
}

function withoutServerFields(applied: Fields): Fields {
  const {
    managedFields: _m,
    creationTimestamp: _c,
    uid: _u,
    resourceVersion: _r,
    ...metadata
  } = fields(applied.metadata);
  const { status: _s, ...body } = applied;
  return { ...body, metadata };
}

function merge(live: unknown, applied: unknown, path: FieldPath): unknown {
  if (Array.isArray(applied)) return mergeLists(items(live), items(applied), path);
  if (!isFields(applied) || isAtomicMap(path)) return applied;
  const merged: Record<string, unknown> = { ...fields(live) };
  for (const [key, value] of Object.entries(applied)) {
    if (value === null) continue;
    merged[key] = merge(merged[key], value, [...path, key]);
  }
  return merged;
}

function mergeLists(live: readonly unknown[], applied: readonly unknown[], path: FieldPath): readonly unknown[] {
  const rule = listRule(path);
  if (rule.kind === 'atomic') return applied;
  if (rule.kind === 'set') return [...live, ...applied.filter((item) => !live.includes(item))];
  const keyOf = (item: unknown): string => entryStep(item, rule.applyKeys);
  const merged = [...live];
  for (const item of applied) {
    const index = merged.findIndex((other) => keyOf(other) === keyOf(item));
    if (index < 0) merged.push(merge({}, item, path));
    else merged[index] = merge(merged[index], item, path);
  }
  return merged;
}

/**
 * The places to empty: of everything this manager applied before and does not apply now, the widest part in which
 * neither it nor anybody else owns a field. What defaults added there goes too.
 */
function givenUp(
  mine: ManagedFields | undefined,
  others: readonly ManagedFields[],
  configuration: ReadonlySet<string>,
): readonly (readonly string[])[] {
  if (!mine) return [];
  const owned = others.flatMap((entry) => [...fromFieldsV1(entry.fieldsV1)]);
  const kept = new Set([...owned, ...configuration].flatMap((key) => prefixesOf(key).map(placeText)));
  const places = [...fromFieldsV1(mine.fieldsV1)].flatMap((key) => {
    const widest = prefixesOf(key).find((prefix) => !kept.has(placeText(prefix)));
    return widest === undefined ? [] : [[placeText(widest), widest] as const];
  });
  return [...new Map(places).values()];
}

function prefixesOf(key: string): readonly (readonly string[])[] {
  const steps = stepsOf(key).filter((step) => step !== '.');
  return steps.map((_, index) => steps.slice(0, index + 1));
}

function placeText(steps: readonly string[]): string {
  return JSON.stringify(steps);
}

function prune(object: Fields, places: readonly (readonly string[])[]): Fields {
  return places.reduce((current, steps) => fields(removeAt(current, steps, [])), object);
}

/** The value without what is at the place; undefined when that is the value itself. */
function removeAt(value: unknown, steps: readonly string[], path: FieldPath): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return undefined;
  if (step.startsWith('f:')) {
    const field = step.slice(2);
    if (!isFields(value) || value[field] === undefined || isKeyOf(field, path)) return value;
    const { [field]: old, ...others } = value;
    const inner = removeAt(old, rest, [...path, field]);
    return inner === undefined || isEmptyList(inner) ? others : { ...others, [field]: inner };
  }
  const rule = listRule(path);
  return items(value).flatMap((item) => {
    const name = rule.kind === 'map' ? entryStep(item, rule.applyKeys) : `v:${JSON.stringify(item)}`;
    if (name !== step) return [item];
    const inner = removeAt(item, rest, path);
    return inner === undefined ? [] : [inner];
  });
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** An entry that stays keeps the fields that name it. */
function isKeyOf(field: string, path: FieldPath): boolean {
  const rule = listRule(path);
  return rule.kind === 'map' && rule.applyKeys.includes(field);
}

function conflictsWith(entry: ManagedFields, contested: ReadonlySet<string>): StatusCause[] {
  const who =
    entry.operation === 'Apply'
      ? `"${entry.manager}"`
      : `"${entry.manager}"${entry.subresource ? ` with subresource "${entry.subresource}"` : ''} using ${entry.apiVersion}`;
  return [...fromFieldsV1(entry.fieldsV1)]
    .filter((key) => contested.has(key))
    .map((key) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field: fieldText(key) }));
}

function conflictStatus(causes: readonly StatusCause[]): ApiStatus {
  const [first] = causes;
  const message =
    causes.length === 1 && first
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${groupedConflicts(causes)}`;
  return new ApiStatus(409, 'Conflict', message, { causes });
}

function groupedConflicts(causes: readonly StatusCause[]): string {
  const managers = [...new Set(causes.map(({ message }) => message))];
  return managers
    .map((manager) => {
      const own = causes.filter(({ message }) => message === manager).map(({ field }) => `- ${field}`);
      return `${manager.replace('conflict', 'conflicts')}:\n${own.join('\n')}`;
    })
    .join('\n');
}
