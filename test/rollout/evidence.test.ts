import { describe, expect, test } from 'vitest';
import { tellingLine } from '../../src/rollout/evidence.ts';

describe('tellingLine', () => {
  test('is the message of a stack trace, not a frame of it', () => {
    const log = [
      'starting',
      'Error: DATABASE_URL missing',
      '    at main (/app/server.js:12:9)',
      '    at node:internal',
    ];

    expect(tellingLine(log)).toBe('Error: DATABASE_URL missing');
  });

  test('is the last error of several', () => {
    expect(tellingLine(['Error: first', 'retrying', 'panic: second', 'bye'])).toBe('panic: second');
  });

  test('is the last line when none speaks of an error', () => {
    expect(tellingLine(['one', 'two', ''])).toBe('two');
  });

  test('is cut when it is long, and absent when there is no log', () => {
    expect(tellingLine(['x'.repeat(500)])).toHaveLength(201);
    expect(tellingLine([])).toBeUndefined();
  });
});
