import { expect, test } from 'vitest';
import { targetKey } from '../../src/domain/target.ts';
import { applied } from '../../src/reconcile/attempt.ts';
import { wasRefusedJustNow } from '../../src/reconcile/decide-parked.ts';
import { createRolloutMemory } from '../../src/reconcile/rollout-memory.ts';
import { createStalls } from '../../src/reconcile/stalled.ts';
import { ask, gotImage, pending, recordOf, sent, settled, wanted } from '../support/decision-desk.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { deployment, OLD_IMAGE, PATCHED_AT } from '../support/rollout-objects.ts';

const KEY = targetKey({ service: 'web', namespace: 'prod' });

test('a fault that goes on for two minutes is to be told, once', () => {
  const clock = createManualClock();
  const stalls = createStalls(clock, () => true);

  const first = stalls.met(KEY);
  clock.advance(119_000);
  const early = stalls.met(KEY);
  clock.advance(11_000);
  const due = stalls.met(KEY);
  clock.advance(600_000);
  const later = stalls.met(KEY);

  expect([first, early, due, later]).toEqual([undefined, undefined, 130_000, undefined]);
});

test('a pass without a fault begins a new count', () => {
  const clock = createManualClock();
  const stalls = createStalls(clock, () => true);
  stalls.met(KEY);
  clock.advance(110_000);
  stalls.over(KEY);
  clock.advance(20_000);

  expect(stalls.met(KEY)).toBeUndefined();
});

test('while nothing of the API can be reached nobody is told of a single target', () => {
  const clock = createManualClock();
  let reachable = true;
  const stalls = createStalls(clock, () => reachable);
  stalls.met(KEY);
  reachable = false;
  clock.advance(600_000);
  const during = stalls.met(KEY);
  reachable = true;
  const after = stalls.met(KEY);

  expect([during, after]).toEqual([undefined, undefined]);
});

test('the clock of a rollout starts with the patch that is taken, not with the first one that was not', () => {
  const clock = createManualClock(PATCHED_AT);
  const memory = createRolloutMemory(clock);
  clock.advance(600_000);
  const again = ask({
    file: wanted('1.25.0'),
    record: sent(),
    cluster: gotImage(OLD_IMAGE),
    after: 600,
  });
  const tried = recordOf(again).pending ?? pending({ id: 'none' });

  const { elapsedMs } = memory.see(KEY, applied(tried, deployment()), { kind: 'unseen' });

  expect(tried.id).toBe(pending().id);
  expect(elapsedMs).toBe(0);
});

test('a try again after the clock was set back is not put off', () => {
  const parked = settled('blocked', { blockedBy: 'forbidden', finishedAt: PATCHED_AT });

  expect(wasRefusedJustNow(parked, PATCHED_AT + 1_000)).toBe(true);
  expect(wasRefusedJustNow(parked, PATCHED_AT - 3_600_000)).toBe(false);
});
