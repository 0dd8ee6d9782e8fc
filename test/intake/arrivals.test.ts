import { expect, test } from 'vitest';
import { createArrivals } from '../../src/intake/arrivals.ts';
import { keyOf } from '../support/intake-follower.ts';

const KEY = keyOf('web_prod.dep');

test('a name that appeared and was not written to came whole, once', async () => {
  const arrivals = createArrivals();
  arrivals.note('rename', KEY);

  expect(arrivals.hasAppeared(KEY)).toBe(true);
  expect(await arrivals.cameWhole(KEY)).toBe(true);
  expect(await arrivals.cameWhole(KEY)).toBe(false);
});

test('a name that was written to after it appeared did not come whole', async () => {
  const arrivals = createArrivals();
  arrivals.note('rename', KEY);
  arrivals.note('change', KEY);

  expect(await arrivals.cameWhole(KEY)).toBe(false);
});

test('a write that is told while the answer is prepared counts', async () => {
  const arrivals = createArrivals();
  arrivals.note('rename', KEY);

  const answer = arrivals.cameWhole(KEY);
  setImmediate(() => arrivals.note('change', KEY));

  expect(await answer).toBe(false);
});

test('nothing is known after events were lost', async () => {
  const arrivals = createArrivals();
  arrivals.note('rename', KEY);
  arrivals.clear();

  expect(arrivals.hasAppeared(KEY)).toBe(false);
  expect(await arrivals.cameWhole(KEY)).toBe(false);
});

test('names that appear and are never looked at do not pile up', () => {
  const arrivals = createArrivals();
  const keys = Array.from({ length: 2_500 }, (_, index) => keyOf(`s${index}_prod.dep`));

  for (const key of keys) arrivals.note('rename', key);

  expect(keys.filter((key) => arrivals.hasAppeared(key)).length).toBeLessThanOrEqual(1_000);
});
