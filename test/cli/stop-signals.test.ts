import { expect, test } from 'vitest';
import { createSignalReader } from '../../src/cli/stop-signals.ts';
import { createManualClock } from '../support/manual-clock.ts';

test('the first signal asks to stop, a later one not to wait', () => {
  const clock = createManualClock();
  const read = createSignalReader(clock);

  expect(read('SIGTERM')).toBe('stop');
  clock.advance(1_000);
  expect(read('SIGTERM')).toBe('stop-now');
});

test('a signal that comes twice at once was meant once', () => {
  const clock = createManualClock();
  const read = createSignalReader(clock);

  expect(read('SIGINT')).toBe('stop');
  clock.advance(20);
  expect(read('SIGINT')).toBe('echo');
  clock.advance(1_000);
  expect(read('SIGINT')).toBe('stop-now');
});

test('another signal is no echo', () => {
  const read = createSignalReader(createManualClock());

  expect(read('SIGTERM')).toBe('stop');
  expect(read('SIGINT')).toBe('stop-now');
});
