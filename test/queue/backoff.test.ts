import { expect, test } from 'vitest';
import { backoffMs } from '../../src/queue/backoff.ts';

test('the delay doubles from 250 ms to a cap of 30 s', () => {
  const delays = [1, 2, 3, 4, 7, 8, 9, 1_000, 1e9].map((failures) => backoffMs(failures, 0));

  expect(delays).toEqual([250, 500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
});

test('chance takes away up to half of it, never more', () => {
  expect(backoffMs(3, 0.5)).toBe(750);
  expect(backoffMs(3, 0.999_999)).toBeGreaterThan(500);
  expect(backoffMs(50, 0.999_999)).toBeGreaterThan(15_000);
});
