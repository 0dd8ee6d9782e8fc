import { describe, expect, test } from 'vitest';
import { type Env, parseConfig, VARIABLES } from '../src/config.ts';

const NO_FILES = () => undefined;

/** A choice for each, other than the default. */
const EXAMPLES: Env = {
  DEPS: '/srv/deps',
  ECR_REPO: 'registry.example.com/team',
  WEBHOOK_FOR_SLACK: 'https://hooks.slack.com/services/T/B/x',
  KUBECONFIG: '/etc/kubeconfig',
  KUBE_CONTEXT: 'staging',
  CONCURRENCY: '7',
  ROLLOUT_TIMEOUT: '7m',
  FAILURE_GRACE: '7s',
  MAX_RESTARTS: '7',
  WATCH_AFTER: '7m',
  SETTLE: '700ms',
  RESCAN: '7s',
  CREATE_NAMESPACES: 'false',
  NAMESPACES: 'team-*',
  ON_FAILURE: 'rollback',
  DRIFT: 'correct',
  LOG_LEVEL: 'debug',
  LOG_FORMAT: 'json',
};

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

  test('a default is what the table says', () => {
    const asWritten = Object.fromEntries(
      VARIABLES.filter(({ fallback }) => fallback !== '').map(({ name, fallback }) => [name, fallback]),
    );

    expect(parseConfig({}, NO_FILES)).toEqual(parseConfig(asWritten, NO_FILES));
  });

  test.each(VARIABLES.map(({ name }) => name))('%s can be in a file, or in the folder of credentials', (name) => {
    const given = EXAMPLES[name] ?? '';
    const files = (path: string) => (path === `/somewhere/${name}` ? `${given}\n` : undefined);
    const expected = parseConfig({ [name]: given }, NO_FILES);

    expect(expected).not.toEqual(parseConfig({}, NO_FILES));
    expect(parseConfig({ [`${name}_FILE`]: `/somewhere/${name}` }, files)).toEqual(expected);
    expect(parseConfig({ CREDENTIALS_DIRECTORY: '/somewhere' }, files)).toEqual(expected);
  });

  test('a file that cannot be read is told with the variable that named it', () => {
    const denied = () => {
      throw new Error('EACCES: permission denied');
    };

    expect(parseConfig({ DRIFT_FILE: '/x' }, denied)).toMatchObject({
      problems: ['DRIFT: the file of DRIFT_FILE cannot be read: EACCES: permission denied'],
    });
    expect(parseConfig({ ...EXAMPLES, DRIFT: '', CREDENTIALS_DIRECTORY: '/x' }, denied)).toMatchObject({
      problems: ['DRIFT: the file of $CREDENTIALS_DIRECTORY cannot be read: EACCES: permission denied'],
    });
    expect(parseConfig({ DRIFT_FILE: '/x' }, NO_FILES)).toMatchObject({
      problems: ['DRIFT_FILE: there is no file /x'],
    });
  });

  test('a file that was named and is empty is told: what writes secrets there may have failed', () => {
    expect(parseConfig({ DRIFT_FILE: '/x' }, () => '\n')).toMatchObject({
      problems: ['DRIFT_FILE: the file /x is empty'],
    });
    expect(parseConfig({ CREDENTIALS_DIRECTORY: '/x' }, () => '')).toMatchObject({ kind: 'config' });
  });

  test('a webhook in two lines is refused, and is not shown', () => {
    const parsed = parseConfig({ WEBHOOK_FOR_SLACK_FILE: '/x' }, () => 'https://hooks.example/one\nsecond');

    expect(parsed).toMatchObject({
      problems: [expect.stringMatching(/^WEBHOOK_FOR_SLACK: expected an http\(s\) URL, got .*not shown/)],
    });
  });

  test('the limits of a duration are written as one would write them', () => {
    expect(problemsOf({ RESCAN: '1ms', ROLLOUT_TIMEOUT: '2d' })).toEqual([
      expect.stringContaining('from 100ms to 24h'),
      expect.stringContaining('from 50ms to 1h'),
    ]);
  });

  test('a kubeconfig in the place of its path is refused, and nothing of it shown', () => {
    const parsed = parseConfig({ KUBECONFIG_FILE: '/x' }, () => 'users:\n- token: hunter2');

    expect(parsed).toMatchObject({ problems: ['KUBECONFIG: expected one line, got several lines (not shown)'] });
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
