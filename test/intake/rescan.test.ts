import { expect, test } from 'vitest';
import { sleep } from '../../src/clock.ts';
import { createRescan } from '../../src/intake/rescan.ts';
import { createManualClock } from '../support/manual-clock.ts';

const STEP_MS = 10;

/** A rescan with a period of 2 s whose scans take `costMs` of the manual clock, and when each began. */
function rescanTaking(costMs: (count: number) => number) {
  const clock = createManualClock();
  const begins: number[] = [];
  const scan = async () => {
    begins.push(clock.monotonic());
    await sleep(clock, costMs(begins.length));
  };
  const rescan = createRescan({ periodMs: 2_000, clock, scan });

  /** Time passes in small steps, between which everything runs that only waits for a promise. */
  const pass = async (ms: number, atEachStep = () => {}) => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(STEP_MS);
      await new Promise((resolve) => setImmediate(resolve));
      atEachStep();
    }
  };
  return { clock, begins, rescan, pass };
}

test('a cheap scan is made once per period', async () => {
  const { begins, rescan, pass } = rescanTaking(() => 10);
  void rescan.start();

  await pass(6_500);

  expect(begins).toEqual([0, 2_000, 4_000, 6_000]);
});

test('a scan of 100 ms is made every 5 s: it takes 2 % of the time', async () => {
  const { begins, rescan, pass } = rescanTaking(() => 100);
  void rescan.start();

  await pass(11_000);

  expect(begins).toEqual([0, 5_000, 10_000]);
});

test('one slow scan among quick ones puts nothing off', async () => {
  const { begins, rescan, pass } = rescanTaking((count) => (count === 2 ? 5_000 : 10));
  void rescan.start();

  await pass(10_000);

  expect(begins).toEqual([0, 2_000, 8_990]);
});

test('a scan asked for at rest comes at once, and is one however often it was asked for', async () => {
  const { begins, rescan, pass } = rescanTaking(() => 10);
  void rescan.start();
  await pass(500);

  for (let count = 0; count < 10; count += 1) rescan.soon();
  await pass(1_000);

  expect(begins).toEqual([0, 500]);
});

test('a scan asked for during a scan follows it', async () => {
  const { begins, rescan, pass } = rescanTaking(() => 100);
  void rescan.start();
  await pass(50);

  rescan.soon();
  await pass(1_000);

  expect(begins).toEqual([0, 500]);
});

test('asked for without end, scanning still takes no more than a fifth of the time', async () => {
  const { begins, rescan, pass } = rescanTaking(() => 100);
  void rescan.start();

  await pass(9_990, () => rescan.soon());

  expect(begins).toHaveLength(20);
});

test('after stop there are no more scans, and start does nothing', async () => {
  const { clock, begins, rescan, pass } = rescanTaking(() => 10);
  void rescan.start();
  await pass(100);

  await rescan.stop();
  await rescan.stop();
  rescan.soon();
  await rescan.start();
  await pass(5_000);

  expect(begins).toEqual([0]);
  expect(clock.waits).toEqual([]);
});
