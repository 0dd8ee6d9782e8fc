/** The text of a status file: pretty JSON for people and `jq`, with ISO times, and back again with every field checked. */
import type { TargetEvent } from '../domain/event.ts';
import type { Outcome } from '../domain/outcome.ts';
import {
  type Attempt,
  type Block,
  type Drift,
  type PastOutcome,
  type PendingAttempt,
  type Phase,
  RECORD_SCHEMA,
  type TargetRecord,
  type Verified,
} from '../domain/record.ts';
import { parseTargetKey, type TargetKey } from '../domain/target.ts';
import {
  boolean,
  type Codec,
  list,
  Malformed,
  number,
  object,
  oneOf,
  optional,
  orElse,
  type Shape,
  text,
  time,
} from './json-codec.ts';

export type RecordParse =
  | { readonly kind: 'record'; readonly record: TargetRecord }
  /** Not a record, or a damaged one; the problem names the field. */
  | { readonly kind: 'garbled'; readonly problem: string }
  /** Written by a newer engine: guessing at its meaning could deploy again what is done. */
  | { readonly kind: 'newer'; readonly schema: number };

const OUTCOMES: Readonly<Record<Outcome, true>> = {
  succeeded: true,
  failed: true,
  'timed-out': true,
  superseded: true,
  'rolled-back': true,
  'rollback-failed': true,
  refused: true,
  blocked: true,
  overridden: true,
};

const outcome = oneOf<Outcome>(OUTCOMES);
const phase = oneOf<Phase>({ 'rolling-out': true, ...OUTCOMES });
const attemptKind = oneOf<Attempt['kind']>({ deploy: true, rollback: true, 'correct-drift': true });
const block = oneOf<Block>({ 'no-deployment': true, 'namespace-terminating': true, paused: true, forbidden: true });

const schema: Codec<typeof RECORD_SCHEMA> = {
  encode: (value) => value,
  parse(value, path) {
    if (value !== RECORD_SCHEMA) throw new Malformed(path, `${RECORD_SCHEMA}`);
    return RECORD_SCHEMA;
  },
};

const pendingFields: Shape<PendingAttempt> = {
  id: text,
  kind: attemptKind,
  content: text,
  version: text,
  image: text,
  container: text,
  previousImage: optional(text),
  wayBack: optional(text),
  startedAt: time,
};
const pending = object<PendingAttempt>(pendingFields);
const attempt = object<Attempt>({
  ...pendingFields,
  uid: text,
  generation: number,
  appliedImage: optional(text),
  revision: optional(number),
  toldHeld: optional(boolean),
  toldSlow: optional(boolean),
  endedAt: optional(time),
});

const verified = object<Verified>({ version: text, image: text, container: text, at: time });

const pastOutcome = object<PastOutcome>({
  at: time,
  outcome,
  version: text,
  summary: orElse(text, ''),
  content: text,
});

const untold = object<TargetEvent>({
  kind: oneOf<'target'>({ target: true }),
  id: text,
  what: oneOf<TargetEvent['what']>({
    ...OUTCOMES,
    started: true,
    progress: true,
    stalled: true,
    recovered: true,
    'crashed-later': true,
    drifted: true,
    flapping: true,
  }),
  service: text,
  namespace: text,
  version: text,
  image: text,
  summary: text,
  cause: text,
  evidence: list(text),
  at: time,
});

const drift = object<Drift>({ image: optional(text), seenAt: list(time) });

const record = object<TargetRecord>({
  schema,
  phase,
  version: text,
  summary: orElse(text, ''),
  evidence: orElse(list(text), []),
  startedAt: time,
  finishedAt: optional(time),
  content: text,
  attempt: optional(attempt),
  pending: optional(pending),
  verified: optional(verified),
  verifiedBefore: optional(verified),
  blockedBy: optional(block),
  crashedLater: optional(boolean),
  drift: optional(drift),
  untold: optional(untold),
  usualMs: optional(list(number)),
  past: orElse(list(pastOutcome), []),
});

/**
 * The file's text. `service`, `namespace` and `image` are there for its readers and are not read back; for a misnamed
 * file `service` is the whole base name, and `image` stands there only for a version that was tried.
 */
export function encodeRecord(key: TargetKey, value: TargetRecord): string {
  const named = parseTargetKey(key);
  const { service, namespace } = named.kind === 'target' ? named.target : { service: key, namespace: '' };
  const tried = [value.pending, value.attempt].find((attempt) => attempt?.content === value.content);
  const names = { schema: value.schema, service, namespace, image: tried?.image };
  return `${JSON.stringify(Object.assign(names, record.encode(value)), undefined, 2)}\n`;
}

const schemaOnly = object<{ readonly schema: number }>({ schema: number });

/** Reads a status file's text; fields it does not know are ignored, and those that may be missing may be missing. */
export function parseRecord(json: string): RecordParse {
  try {
    const file: unknown = JSON.parse(json);
    const written = schemaOnly.parse(file, 'record').schema;
    if (written > RECORD_SCHEMA) return { kind: 'newer', schema: written };
    return { kind: 'record', record: record.parse(file, 'record') };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'garbled', problem: error.message };
    if (error instanceof SyntaxError) return { kind: 'garbled', problem: 'it is not JSON' };
    throw error;
  }
}
