import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TargetEvent } from '../../src/domain/event.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type {
  Attempt,
  Block,
  PastOutcome,
  PendingAttempt,
  Phase,
  TargetRecord,
  Verified,
} from '../../src/domain/record.ts';
import { keyOfFileName, targetKey } from '../../src/domain/target.ts';
import { encodeRecord, parseRecord } from '../../src/state/record-codec.ts';

const key = targetKey({ service: 'web', namespace: 'prod' });

const running: TargetRecord = {
  schema: 1,
  phase: 'rolling-out',
  version: '1.25.0',
  content: 'ab'.repeat(32),
  summary: 'web/prod 1.25.0 is rolling out',
  evidence: [],
  startedAt: Date.UTC(2026, 0, 31, 12, 0, 0, 7),
  attempt: {
    id: 'a-1',
    kind: 'deploy',
    content: 'ab'.repeat(32),
    version: '1.25.0',
    image: 'registry.example/web:1.25.0',
    container: 'web',
    startedAt: Date.UTC(2026, 0, 31, 12),
    uid: 'deployment-1',
    generation: 2,
  },
  past: [],
};

const OUTCOMES: readonly Outcome[] = [
  'succeeded',
  'failed',
  'timed-out',
  'superseded',
  'rolled-back',
  'rollback-failed',
  'refused',
  'blocked',
  'overridden',
];

const outcome = fc.constantFrom<Outcome>(...OUTCOMES);
const phase = fc.constantFrom<Phase>('rolling-out', ...OUTCOMES);
const words = fc.string({ unit: 'binary' });
const time = fc.date({ noInvalidDate: true }).map((date) => date.getTime());

const plain = { noNullPrototype: true } as const;

const tried = {
  id: words,
  kind: fc.constantFrom<Attempt['kind']>('deploy', 'rollback', 'correct-drift'),
  content: words,
  version: words,
  image: words,
  container: words,
  previousImage: words,
  wayBack: words,
  startedAt: time,
};
const always = ['id', 'kind', 'content', 'version', 'image', 'container', 'startedAt'] as const;
const pending: fc.Arbitrary<PendingAttempt> = fc.record(tried, { noNullPrototype: true, requiredKeys: [...always] });
const attempt: fc.Arbitrary<Attempt> = fc.record(
  { ...tried, uid: words, generation: fc.nat(), appliedImage: words, endedAt: time },
  { noNullPrototype: true, requiredKeys: [...always, 'uid', 'generation'] },
);
const verified: fc.Arbitrary<Verified> = fc.record({ version: words, image: words, container: words, at: time }, plain);
const past: fc.Arbitrary<PastOutcome> = fc.record(
  { content: words, version: words, outcome, summary: words, at: time },
  plain,
);

const untold: fc.Arbitrary<TargetEvent> = fc.record(
  {
    kind: fc.constant('target' as const),
    id: words,
    what: fc.constantFrom<TargetEvent['what']>('recovered', 'crashed-later', 'drifted', 'flapping', ...OUTCOMES),
    service: words,
    namespace: words,
    version: words,
    image: words,
    summary: words,
    cause: words,
    evidence: fc.array(words),
    at: time,
  },
  plain,
);

const record: fc.Arbitrary<TargetRecord> = fc.record(
  {
    schema: fc.constant(1 as const),
    phase,
    version: words,
    content: words,
    summary: words,
    evidence: fc.array(words),
    startedAt: time,
    finishedAt: time,
    attempt,
    pending,
    verified,
    blockedBy: fc.constantFrom<Block>('no-deployment', 'namespace-terminating', 'paused', 'forbidden'),
    crashedLater: fc.boolean(),
    drift: fc.record({ image: words, seenAt: fc.array(time) }, { ...plain, requiredKeys: ['seenAt'] }),
    untold,
    past: fc.array(past),
    usualMs: fc.array(fc.nat()),
  },
  {
    noNullPrototype: true,
    requiredKeys: ['schema', 'phase', 'version', 'content', 'summary', 'evidence', 'startedAt', 'past'],
  },
);

test('every record reads back as it was written', () => {
  fc.assert(
    fc.property(record, (value) => {
      expect(parseRecord(encodeRecord(key, value))).toStrictEqual({ kind: 'record', record: value });
    }),
  );
});

test('no text makes the parser throw', () => {
  const anything = fc.oneof(fc.string(), fc.json());
  fc.assert(
    fc.property(anything, (text) => {
      expect(['record', 'garbled', 'newer']).toContain(parseRecord(text).kind);
    }),
  );
});

test('a record cut short at any character is garbled', () => {
  const whole = encodeRecord(key, running).trimEnd();

  for (let length = 0; length < whole.length; length += 1) {
    expect(parseRecord(whole.slice(0, length)).kind).toBe('garbled');
  }
});

test('a status file is pretty JSON that names service, namespace and image, with ISO times', () => {
  const file = encodeRecord(key, running);

  expect(file.split('\n').slice(0, 6)).toEqual([
    '{',
    '  "schema": 1,',
    '  "service": "web",',
    '  "namespace": "prod",',
    '  "image": "registry.example/web:1.25.0",',
    '  "phase": "rolling-out",',
  ]);
  expect(JSON.parse(file).startedAt).toBe('2026-01-31T12:00:00.007Z');
  expect(JSON.parse(file).attempt.startedAt).toBe('2026-01-31T12:00:00.000Z');
});

test('the status file of a misnamed dep file holds its base name as the service', () => {
  const misnamed = keyOfFileName('Web.dep') ?? key;

  const file = JSON.parse(encodeRecord(misnamed, { ...running, phase: 'refused' }));

  expect([file.service, file.namespace]).toEqual(['Web', '']);
});

test('optional fields may be missing or null, and unknown ones are ignored', () => {
  const { summary, evidence, past, ...rest } = JSON.parse(encodeRecord(key, running));

  const parsed = parseRecord(JSON.stringify({ ...rest, finishedAt: null, mood: 'fine' }));

  expect(parsed).toStrictEqual({ kind: 'record', record: { ...running, summary: '' } });
  expect([summary, evidence, past]).toEqual([running.summary, [], []]);
});

test.each([
  ['record.phase', { phase: 'done' }],
  ['record.phase', { phase: 'toString' }],
  ['record.startedAt', { startedAt: 'yesterday' }],
  ['record.attempt.id', { attempt: { id: 7 } }],
  ['record.past[0].outcome', { past: [{ at: '2026-01-31T12:00:00.000Z', outcome: 'x' }] }],
  ['record.evidence', { evidence: 'pods' }],
  ['record.schema', { schema: 'one' }],
  ['record.schema', { schema: 0 }],
])('a wrong field is named: %s', (path, wrong) => {
  const file = { ...JSON.parse(encodeRecord(key, running)), ...wrong };

  const parsed = parseRecord(JSON.stringify(file));

  expect(parsed).toMatchObject({ kind: 'garbled', problem: expect.stringContaining(`${path}: expected`) });
});

test('a record of a newer schema is recognised, whatever else it holds', () => {
  expect(parseRecord('{"schema": 2, "phase": ["unheard of"]}')).toEqual({ kind: 'newer', schema: 2 });
});
