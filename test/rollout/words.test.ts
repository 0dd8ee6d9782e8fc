import { expect, test } from 'vitest';
import { formatDuration, summaryLine } from '../../src/rollout/words.ts';

test.each([
  [-5, '0.0 s'],
  [0, '0.0 s'],
  [440, '0.4 s'],
  [9_940, '9.9 s'],
  [10_000, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [240_000, '4 min'],
  [250_000, '4 min 10 s'],
  [3_600_000, '1 h'],
  [7_500_000, '2 h 5 min'],
])('%i ms are told as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('an outcome is told in one line: what, how, after how long, why', () => {
  expect(summaryLine('web/prod', '1.25.0', 'failed', 'container app exits 1 (3 restarts)', 23_000)).toBe(
    'web/prod 1.25.0 failed after 23 s: container app exits 1 (3 restarts)',
  );
  expect(summaryLine('web/prod', '1.25.0', 'timed-out', '', 240_000)).toBe('web/prod 1.25.0 timed out after 4 min');
  expect(summaryLine('web/prod', 'x'.repeat(3_000), 'refused', 'too long').length).toBeLessThan(200);
  expect(summaryLine('web.dep', '', 'refused', 'rename the file')).toBe('web.dep refused: rename the file');
});
