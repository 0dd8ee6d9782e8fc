import { describe, expect, test } from 'vitest';
import { type Env, parseConfig } from '../src/config.ts';

const NO_FILES = () => undefined;

function problemsOf(env: Env): readonly string[] {
  const parsed = parseConfig(env, NO_FILES);
  return parsed.kind === 'problems' ? parsed.problems : [];
}

describe('parseConfig', () => {
  test('without any variable everything has its default', () => {
    expect(parseConfig({}, NO_FILES)).toMatchObject({
      kind: 'config',
      config: {
        deps: './deps',
        rolloutTimeoutMs: undefined,
        failureGraceMs: 20_000,
        maxRestarts: undefined,
        watchAfterMs: 120_000,
        onFailure: 'leave',
        drift: 'report',
        namespaces: ['*'],
      },
    });
  });

  test('lists every problem at once, each with its name, what is expected and what was given', () => {
    expect(problemsOf({ MAX_RESTARTS: '-1', ON_FAILURE: 'panic', ROLLOUT_TIMEOUT: '4 m' })).toEqual([
      expect.stringMatching(/^ROLLOUT_TIMEOUT: expected a duration .*, got "4 m"$/),
      'MAX_RESTARTS: expected a whole number from 0 to 1000, got "-1"',
      'ON_FAILURE: expected leave or rollback, got "panic"',
    ]);
  });

  test('never shows a secret, not even a wrong one', () => {
    expect(problemsOf({ WEBHOOK_FOR_SLACK: 'not-a-url-but-secret' }).join()).not.toContain('not-a-url-but-secret');
  });

  test.each([
    ['0', 0],
    ['5', 5],
  ])('MAX_RESTARTS=%s allows %d restarts', (text, maxRestarts) => {
    expect(parseConfig({ MAX_RESTARTS: text }, NO_FILES)).toMatchObject({ config: { maxRestarts } });
  });
});
