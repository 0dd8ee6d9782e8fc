import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EngineStateEvent, TargetEvent } from '../../src/domain/event.ts';
import { slackMessage } from '../../src/notify/message.ts';

const failed: TargetEvent = {
  kind: 'target',
  id: 'a-1:failed',
  what: 'failed',
  service: 'web',
  namespace: 'prod',
  version: '1.25.0',
  image: 'registry.example/web:1.25.0',
  summary: 'web/prod 1.25.0 failed after 4 s: image cannot be pulled: not found',
  cause: 'image cannot be pulled: not found',
  evidence: ['pod web-7d9-x: ErrImagePull', 'try: kubectl -n prod describe pod web-7d9-x'],
  at: Date.UTC(2026, 0, 31, 12),
};

const attachmentOf = (event: TargetEvent | EngineStateEvent) => slackMessage(event)?.attachments[0];
const fieldOf = (event: TargetEvent, title: string) => attachmentOf(event)?.fields.find((one) => one.title === title);

test('a success looks as it always did', () => {
  const event: TargetEvent = { ...failed, what: 'succeeded', summary: 'web/prod 1.25.0 runs', cause: '', evidence: [] };

  expect(slackMessage(event)).toEqual({
    attachments: [
      {
        color: 'good',
        title: '✅ Deployment Successful',
        fallback: '✅ Deployment Successful: web/prod 1.25.0 runs',
        fields: [
          { title: 'Service', value: 'web', short: true },
          { title: 'Version', value: '1.25.0', short: true },
          { title: 'Namespace', value: 'prod', short: true },
        ],
        ts: '1769860800',
        mrkdwn_in: [],
      },
    ],
  });
});

test('a failure names the cause first and the evidence after it', () => {
  expect(attachmentOf(failed)).toMatchObject({ color: 'danger', title: '❌ Deployment Failed' });
  expect(fieldOf(failed, 'Error')).toEqual({
    title: 'Error',
    value:
      'image cannot be pulled: not found\npod web-7d9-x: ErrImagePull\ntry: kubectl -n prod describe pod web-7d9-x',
    short: false,
  });
});

test.each([
  ['succeeded', 'good', '✅ Deployment Successful'],
  ['recovered', 'good', '✅ Deployment Recovered'],
  ['failed', 'danger', '❌ Deployment Failed'],
  ['timed-out', 'danger', '❌ Deployment Timed Out'],
  ['rolled-back', 'danger', '❌ Deployment Failed, Rolled Back'],
  ['rollback-failed', 'danger', '❌ Deployment Failed, Rollback Failed'],
  ['superseded', 'warning', 'ℹ️ Deployment Superseded'],
  ['refused', 'warning', '⚠️ Deployment Refused'],
  ['blocked', 'warning', '⚠️ Deployment Waiting'],
  ['overridden', 'warning', '⚠️ Deployment Changed Outside'],
  ['drifted', 'warning', '⚠️ Service Drifted'],
  ['crashed-later', 'warning', '⚠️ Service Crashed After Deployment'],
  ['flapping', 'warning', '⚠️ Service Flapping'],
] as const)('%s is %s, titled "%s"', (what, color, title) => {
  expect(attachmentOf({ ...failed, what })).toMatchObject({ color, title });
});

test.each([
  ['cluster-unreachable', 'warning', '⚠️ Cluster Unreachable'],
  ['cluster-reachable', 'good', '✅ Cluster Reachable Again'],
  ['directory-degraded', 'warning', '⚠️ Directory Degraded'],
  ['directory-recovered', 'good', '✅ Directory Recovered'],
  ['state-unsaved', 'warning', '⚠️ State Not Saved'],
  ['state-saved', 'good', '✅ State Saved Again'],
] as const)('%s is told with its summary', (what, color, title) => {
  const event: EngineStateEvent = { kind: 'engine', id: 'e-1', what, summary: 'refused by 10.0.0.1', at: 0 };

  expect(attachmentOf(event)).toMatchObject({
    color,
    title,
    fallback: `${title}: refused by 10.0.0.1`,
    fields: [{ title: 'Message', value: 'refused by 10.0.0.1', short: false }],
  });
});

test.each(['started', 'progress'] as const)('%s is for the log only', (what) => {
  expect(slackMessage({ ...failed, what })).toBeUndefined();
});

test('a warning carries its words in the field "Message", the summary when there is no cause', () => {
  const event: TargetEvent = {
    ...failed,
    what: 'superseded',
    summary: 'superseded by 1.26.0',
    cause: '',
    evidence: [],
  };

  expect(fieldOf(event, 'Message')).toEqual({ title: 'Message', value: 'superseded by 1.26.0', short: false });
});

test('a value over 50 bytes takes the whole width', () => {
  expect(fieldOf({ ...failed, version: 'v'.repeat(50) }, 'Version')?.short).toBe(true);
  expect(fieldOf({ ...failed, version: 'v'.repeat(51) }, 'Version')?.short).toBe(false);
  expect(fieldOf({ ...failed, version: 'ü'.repeat(26) }, 'Version')?.short).toBe(false);
});

test('a misnamed file has no namespace to show', () => {
  const titles = attachmentOf({ ...failed, what: 'refused', service: 'Web', namespace: '' })?.fields;

  expect(titles?.map(({ title }) => title)).toEqual(['Service', 'Version', 'Message']);
});

test('long evidence loses its beginning, never the cause or its end', () => {
  const evidence = Array.from({ length: 200 }, (_, index) => `log line ${index} ${'x'.repeat(40)}`);

  const value = fieldOf({ ...failed, evidence }, 'Error')?.value ?? '';

  expect(value.length).toBeLessThanOrEqual(2000);
  expect(value).toMatch(/^image cannot be pulled: not found\n… \d+ lines left out\nlog line /);
  expect(value.endsWith(evidence.at(-1) ?? '?')).toBe(true);
});

test('whatever an event holds, the message stays within limits and without commands', () => {
  const outside = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3000 }),
    fc.constantFrom('<!channel> & <@U1>', '\u001b[2J\u202e', '&'.repeat(5000)),
  );
  const event = fc.record({
    kind: fc.constant('target' as const),
    id: outside,
    what: fc.constantFrom<TargetEvent['what']>('failed', 'refused', 'succeeded', 'superseded'),
    service: outside,
    namespace: outside,
    version: outside,
    image: outside,
    summary: outside,
    cause: outside,
    evidence: fc.array(outside, { maxLength: 5 }),
    at: fc.nat(),
  });
  fc.assert(
    fc.property(event, (one) => {
      const attachment = attachmentOf(one);
      const texts = [attachment?.fallback ?? '', ...(attachment?.fields ?? []).map(({ value }) => value)];
      for (const text of texts) {
        expect(text.length).toBeLessThanOrEqual(2000);
        expect(text).not.toMatch(/[<>\p{Cf}]|(?!\n|\t)\p{Cc}/u);
      }
      expect(JSON.stringify(attachment).length).toBeLessThan(40_000);
    }),
  );
});
