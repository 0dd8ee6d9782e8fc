import { expect, test } from 'vitest';
import { ApiError } from '../../src/domain/api-error.ts';
import type { Attempt, TargetRecord } from '../../src/domain/record.ts';
import { targetKey } from '../../src/domain/target.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import { decide } from '../../src/reconcile/decide.ts';
import { rollingOut } from '../../src/reconcile/decide-deploy.ts';
import { wasRefusedJustNow } from '../../src/reconcile/decide-parked.ts';
import type { Observation } from '../../src/reconcile/decision.ts';
import { createRolloutMemory } from '../../src/reconcile/rollout-memory.ts';
import { stalled } from '../../src/reconcile/stalled.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { deployment, OLD_IMAGE, PATCHED_AT } from '../support/rollout-objects.ts';
import { STORY_POLICY } from '../support/rollout-story.ts';

const TARGET = { service: 'web', namespace: 'prod' };
const REFUSAL = new ApiError('server', 'patch Deployment web/prod: 500 InternalError: failed calling webhook', {});

function seen(change: Partial<DeploymentView> = {}): Observation {
  return {
    key: targetKey(TARGET),
    target: TARGET,
    desired: { kind: 'wanted', content: 'c0ffee', request: { version: '1.25.0' } },
    last: undefined,
    cluster: {
      kind: 'deployment',
      deployment: deployment({ containers: [{ name: 'web', image: OLD_IMAGE }], ...change }),
      look: { replicaSets: [], pods: [] },
      fresh: true,
    },
    elapsedMs: 0,
    completeForMs: 0,
    ageOf: () => 0,
  };
}

function triedAt(now: number, before?: TargetRecord): TargetRecord & { readonly attempt: Attempt } {
  const decision = decide(seen(), before, STORY_POLICY, { now, newId: 'attempt-1' });
  if (decision.kind !== 'patch' || decision.record.attempt === undefined) throw new Error(decision.kind);
  return { ...decision.record, attempt: decision.record.attempt };
}

test('a change that the API server does not take is told after two minutes, with its words, and once', () => {
  const first = triedAt(PATCHED_AT);
  const later = triedAt(PATCHED_AT + 130_000, first);

  const early = stalled(seen(), first, REFUSAL, PATCHED_AT + 1_000);
  const told = stalled(seen(), later, REFUSAL, PATCHED_AT + 130_000);
  const again = told && stalled(seen(), told.record, REFUSAL, PATCHED_AT + 160_000);

  expect(early).toBeUndefined();
  expect(told?.event).toMatchObject({ what: 'stalled', version: '1.25.0' });
  expect(told?.record).toMatchObject({ phase: 'rolling-out', summary: told?.event.summary });
  expect(told?.event.summary).toBe(
    'web/prod 1.25.0 waits: the API server has not taken the change for 2 min 10 s: ' +
      'patch Deployment web/prod: 500 InternalError: failed calling webhook; it is tried again until it does',
  );
  expect(again).toBeUndefined();
});

test('what was said of a stalled change is gone when it is taken', () => {
  const later = triedAt(PATCHED_AT + 130_000, triedAt(PATCHED_AT));
  const told = stalled(seen(), later, REFUSAL, PATCHED_AT + 130_000);

  const record = rollingOut(seen(), told?.record ?? later, later.attempt, PATCHED_AT + 200_000);

  expect(record).toMatchObject({ summary: 'web/prod 1.25.0 is being deployed', evidence: [] });
});

test('the clock of a rollout starts with the patch that is taken, not with the first one that was not', () => {
  const clock = createManualClock(PATCHED_AT);
  const memory = createRolloutMemory(clock);
  const first = triedAt(clock.now());
  memory.see(seen().key, first.attempt, undefined);
  clock.advance(600_000);
  const taken = triedAt(clock.now(), first);

  const { elapsedMs } = memory.see(seen().key, taken.attempt, undefined);

  expect(taken.attempt.id).toBe(first.attempt.id);
  expect(elapsedMs).toBe(0);
});

test('a try again after the clock was set back is not put off', () => {
  const parked = { ...triedAt(PATCHED_AT), phase: 'blocked', blockedBy: 'forbidden', finishedAt: PATCHED_AT } as const;

  expect(wasRefusedJustNow(parked, PATCHED_AT + 1_000)).toBe(true);
  expect(wasRefusedJustNow(parked, PATCHED_AT - 3_600_000)).toBe(false);
});
