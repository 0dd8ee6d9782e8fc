import { expect, test } from 'vitest';
import { ApiError } from '../../src/domain/api-error.ts';
import { targetKey } from '../../src/domain/target.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import { createRolloutMemory } from '../../src/reconcile/rollout-memory.ts';
import { attempt } from '../support/decision-desk.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { complete, deployment, PATCHED_AT } from '../support/rollout-objects.ts';

const key = targetKey({ service: 'web', namespace: 'prod' });

function setUp(startedAt = PATCHED_AT) {
  const clock = createManualClock(startedAt);
  const memory = createRolloutMemory(clock);
  const see = (change: Partial<DeploymentView> = {}, of = attempt()) =>
    memory.see(key, of, {
      kind: 'deployment',
      deployment: deployment(change),
      look: { replicaSets: [], pods: [] },
      fresh: false,
    });
  const fail = () => memory.see(key, attempt(), { kind: 'error', error: new ApiError('server', '503', {}) });
  return { clock, memory, see, fail };
}

test('a rollout that ran before the start goes on from when it began', () => {
  const { see } = setUp(PATCHED_AT + 90_000);

  expect(see().elapsedMs).toBe(90_000);
});

test('what was watched begins with the start, and anew after a while without an answer', () => {
  const { clock, see, fail } = setUp(PATCHED_AT + 90_000);
  const first = see().watchedMs;
  clock.advance(60_000);
  fail();
  clock.advance(5_000);
  const afterOutage = see().watchedMs;
  clock.advance(4_000);
  fail();
  clock.advance(1_000);
  const afterBlink = see();

  expect([first, afterOutage, afterBlink.watchedMs, afterBlink.elapsedMs]).toEqual([0, 0, 5_000, 160_000]);
});

test('a wall clock that is behind the attempt makes no negative time', () => {
  const { see } = setUp(PATCHED_AT - 3_600_000);

  expect(see().elapsedMs).toBe(0);
});

test('a sign keeps its age as long as it is asked about, and loses it when a look did not', () => {
  const { clock, memory, see } = setUp();
  const look = (sign?: string) => {
    const times = see();
    const age = sign === undefined ? undefined : times.ageOf(sign);
    memory.dropUnasked(key);
    return age;
  };

  expect(look('crash')).toBe(0);
  clock.advance(5_000);
  expect(look('crash')).toBe(5_000);
  look();
  clock.advance(1_000);

  expect(look('crash')).toBe(0);
});

test('being complete is counted from its beginning, without breaks', () => {
  const { clock, see } = setUp();

  expect(see(complete()).completeForMs).toBe(0);
  clock.advance(4_000);
  expect(see(complete()).completeForMs).toBe(4_000);
  see();
  clock.advance(1_000);

  expect(see(complete()).completeForMs).toBe(0);
});

test('time on hold does not count, nor what was before it', () => {
  const { clock, see } = setUp();
  clock.advance(100_000);

  expect(see({ paused: true }).elapsedMs).toBe(0);
  clock.advance(500_000);
  expect(see().elapsedMs).toBe(0);
  clock.advance(7_000);

  expect(see().elapsedMs).toBe(7_000);
});

test('another attempt begins with nothing, and a target that is forgotten takes no room', () => {
  const { clock, memory, see } = setUp();
  see().ageOf('crash');
  clock.advance(9_000);

  const next = see({}, attempt({ id: 'attempt-2', startedAt: clock.now() }));

  expect([next.elapsedMs, next.ageOf('crash')]).toEqual([0, 0]);
  memory.forget(key);
  expect(memory.size).toBe(0);
  expect(memory.see(key, undefined, { kind: 'unseen' })).toMatchObject({ elapsedMs: 0, completeForMs: 0 });
  expect(memory.size).toBe(0);
});
