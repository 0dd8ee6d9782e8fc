/** The `pod-template-hash` label: which ReplicaSet belongs to which pod template. */
import { type Fields, fields, isFields, sameJson } from '../objects.ts';

export const TEMPLATE_HASH = 'pod-template-hash';

/** Ten letters or fewer that look like Kubernetes' own; equal templates have equal hashes. */
export function templateHash(template: Fields, collisions: number): string {
  const digits = String(fnv32a(`${canonical(template)}${collisions === 0 ? '' : collisions}`));
  return [...digits].map((digit) => SAFE[digit.charCodeAt(0) % SAFE.length]).join('');
}

/** No vowels and no 0, 1 or 3: no hash spells a word. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** Two templates are the same when they differ in nothing but the hash label. */
export function isSameTemplate(left: Fields, right: Fields): boolean {
  return sameJson(withoutHash(left), withoutHash(right));
}

function withoutHash(template: Fields): Fields {
  // Some clients write `creationTimestamp: null`, which means nothing.
  const { creationTimestamp: _time, ...metadata } = fields(template.metadata);
  const { [TEMPLATE_HASH]: _hash, ...labels } = fields(metadata.labels);
  return { ...template, metadata: { ...metadata, labels } };
}

/** JSON with sorted keys, so that the order of writing does not count. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isFields(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`;
}

function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
