/**
 * From client-side to server-side apply: what `kubectl apply` wrote down in an annotation is kubectl's own, so that
 * `kubectl apply --server-side` takes it over without a conflict.
 */
import { type Fields, fields, isFields, type KubeObject, sameJson, text } from '../objects.ts';
import { leavesOf } from './field-sets.ts';
import type { Writer } from './managed-fields.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** Upstream does this for nobody else. */
const MANAGER = 'kubectl';

/** Keys of the fields this writer may take from others: last applied, and not changed since. */
export function inheritedFields(live: KubeObject, writer: Writer): ReadonlySet<string> {
  const applied = writer.manager === MANAGER ? lastApplied(live) : undefined;
  if (applied === undefined) return new Set();
  const now = leavesOf(live);
  return new Set([...leavesOf(applied)].filter(([key, value]) => sameJson(now.get(key), value)).map(([key]) => key));
}

/** The annotations with the configuration that is applied now, where there was one before. */
export function withLastApplied(annotations: unknown, applied: Fields, writer: Writer): Fields {
  const known = fields(annotations);
  if (writer.manager !== MANAGER || known[ANNOTATION] === undefined) return {};
  return { annotations: { ...known, [ANNOTATION]: `${JSON.stringify(applied)}\n` } };
}

function lastApplied(live: KubeObject): Fields | undefined {
  try {
    const parsed: unknown = JSON.parse(text(live.metadata.annotations?.[ANNOTATION]) ?? '');
    return isFields(parsed) ? parsed : undefined;
  } catch {
    // No annotation, or one that somebody edited: nothing is inherited.
    return undefined;
  }
}
