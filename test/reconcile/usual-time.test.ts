import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Attempt, TargetRecord } from '../../src/domain/record.ts';
import { targetKey } from '../../src/domain/target.ts';
import type { Observation } from '../../src/reconcile/decision.ts';
import { awaitRollout, usualTime } from '../../src/reconcile/usual-time.ts';
import { OLD_IMAGE, PATCHED_AT } from '../support/rollout-objects.ts';
import { STORY_POLICY } from '../support/rollout-story.ts';

const TARGET = { service: 'web', namespace: 'prod' };

const ATTEMPT: Attempt = {
  id: 'attempt-1',
  kind: 'deploy',
  content: 'c0ffee',
  version: '1.25.0',
  image: OLD_IMAGE,
  container: 'web',
  startedAt: PATCHED_AT,
  uid: 'deployment-1',
  generation: 2,
};

const RECORD: TargetRecord = {
  schema: 1,
  phase: 'rolling-out',
  version: '1.25.0',
  content: 'c0ffee',
  summary: 'web/prod 1.25.0 is being deployed',
  evidence: [],
  startedAt: PATCHED_AT,
  attempt: ATTEMPT,
  past: [],
  usualMs: [12_000, 12_000, 12_000],
};

function after(elapsedMs: number): Observation {
  return {
    key: targetKey(TARGET),
    target: TARGET,
    desired: { kind: 'absent' },
    last: undefined,
    cluster: { kind: 'unseen' },
    elapsedMs,
    idleMs: elapsedMs,
    watchedMs: elapsedMs,
    ageOf: () => 0,
    completeForMs: 0,
  };
}

const RUNNING = { detail: '1 of 2 replicas available', lookAgainInMs: 200_000 };

function awaitIt(elapsedMs: number, record: TargetRecord = RECORD, attempt: Attempt = ATTEMPT) {
  const moment = { now: PATCHED_AT + elapsedMs, newId: 'attempt-2' };
  return awaitRollout({ observation: after(elapsedMs), record, policy: STORY_POLICY, moment }, attempt, RUNNING);
}

describe('usualTime', () => {
  test('is the median, also of an even number', () => {
    expect(usualTime([9, 1, 5])).toBe(5);
    expect(usualTime([9, 1, 5, 7])).toBe(6);
  });

  test('is unknown before three rollouts', () => {
    expect(usualTime([1, 2])).toBeUndefined();
  });
});

describe('awaitRollout', () => {
  test('looks again when three times the usual have passed', () => {
    expect(awaitIt(10_000)).toEqual({ kind: 'wait', lookAgainInMs: 26_000, detail: RUNNING.detail });
  });

  test('tells it with the present state, in the status file too', () => {
    const summary = 'web/prod 1.25.0 is still being deployed after 40 s, 3x the usual 12 s: 1 of 2 replicas available';

    expect(awaitIt(40_000)).toMatchObject({
      kind: 'conclude',
      record: { phase: 'rolling-out', summary },
      event: { what: 'progress', id: 'attempt-1:progress', summary },
    });
  });

  test('leaves the answer to a content refused meanwhile alone', () => {
    const record: TargetRecord = { ...RECORD, phase: 'refused', content: 'bad', summary: 'web/prod refused: line 1' };

    expect(awaitIt(40_000, record)).toMatchObject({
      kind: 'conclude',
      record: { summary: 'web/prod refused: line 1' },
    });
  });

  test('tells it at most once in an attempt, and changes nothing else', () => {
    const durations = fc.array(fc.integer({ min: 1, max: 600_000 }), { maxLength: 10 });
    const looks = fc.array(fc.integer({ min: 0, max: 1_200_000 }), { minLength: 1, maxLength: 30 });

    fc.assert(
      fc.property(durations, looks, (usualMs, elapsed) => {
        let record: TargetRecord = { ...RECORD, usualMs };
        let told = 0;
        for (const elapsedMs of elapsed.toSorted((one, other) => one - other)) {
          const decision = awaitIt(elapsedMs, record, record.attempt);
          if (decision.kind !== 'conclude') {
            expect(decision).toMatchObject({ kind: 'wait', detail: RUNNING.detail });
            continue;
          }
          told += 1;
          expect(usualMs.length).toBeGreaterThanOrEqual(3);
          expect(elapsedMs).toBeGreaterThanOrEqual(10_000);
          expect(decision.last).toBeUndefined();
          expect({ ...decision.record, summary: '', attempt: ATTEMPT }).toEqual({
            ...record,
            summary: '',
            attempt: ATTEMPT,
          });
          record = decision.record;
        }
        expect(told).toBeLessThanOrEqual(1);
      }),
    );
  });
});
