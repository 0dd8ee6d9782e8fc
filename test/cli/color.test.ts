import { expect, test } from 'vitest';
import { mayColor } from '../../src/cli/color.ts';

test('a terminal is coloured, unless its owner objects or it cannot; nothing else is', () => {
  expect(mayColor({ env: { TERM: 'xterm' }, isTerminal: true })).toBe(true);
  expect(mayColor({ env: { NO_COLOR: '' }, isTerminal: true })).toBe(true);

  expect(mayColor({ env: { NO_COLOR: '1' }, isTerminal: true })).toBe(false);
  expect(mayColor({ env: { TERM: 'dumb' }, isTerminal: true })).toBe(false);
  expect(mayColor({ env: {}, isTerminal: false })).toBe(false);
});
