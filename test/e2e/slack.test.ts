import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

const VERSIONS = ['1.25.0', '1.26.0-missing', '1.27.0'];

/** Three outcomes that follow one another; each is there before the next is asked for. */
async function deployThree(stage: Stage): Promise<void> {
  await stage.deployments.create('web');
  for (const version of VERSIONS) await stage.deploy('web', `${version}\n`);
}

async function expectTold(stage: Stage): Promise<void> {
  await eventually(() => stage.told('web').length === VERSIONS.length, { timeoutMs: 30_000 });
  expect(stage.told('web').map(({ version }) => version)).toEqual(VERSIONS);
}

test('while Slack is down deployments go on, and then everything is told in order', async () => {
  await using stage = await startStage();
  await stage.slack.setReachable(false);

  await deployThree(stage);
  await stage.slack.setReachable(true);

  await expectTold(stage);
});

test('Slack saying 429 with Retry-After is obeyed, and everything is told in order', async () => {
  await using stage = await startStage();
  stage.slack.respondWith({ kind: 'rate-limited', retryAfterSeconds: 2 }, 2);

  await deployThree(stage);

  await expectTold(stage);
  expect(stage.slack.posts).toHaveLength(VERSIONS.length + 2);
});

test.each([
  ['errors', { kind: 'error', status: 500 }],
  ['reset connections', { kind: 'drop' }],
] as const)('after %s of Slack everything is told in order', async (_, answer) => {
  await using stage = await startStage();
  stage.slack.respondWith(answer, 3);

  await deployThree(stage);

  await expectTold(stage);
});

test('a message that Slack will never take holds nothing up', async () => {
  await using stage = await startStage();
  stage.slack.respondWith({ kind: 'error', status: 400, body: 'invalid_payload' }, 1);

  await deployThree(stage);

  await eventually(() => stage.told('web').length === 2);
  expect(stage.told('web').map(({ version }) => version)).toEqual(VERSIONS.slice(1));
});

test('what Slack could not be told before a kill is told by the next engine, once', async () => {
  await using stage = await startStage();
  await stage.slack.setReachable(false);
  await deployThree(stage);

  await stage.engine.kill();
  await stage.slack.setReachable(true);
  await stage.startEngine();

  await expectTold(stage);
});

test('the webhook stands in no line of the log and in no file, whatever Slack says', async () => {
  await using stage = await startStage({ env: { LOG_LEVEL: 'trace' } });
  const secret = new URL(stage.slack.url).pathname;
  stage.slack.respondWith({ kind: 'error', status: 404, body: `no_service ${stage.slack.url}` }, 1);

  await deployThree(stage);
  await stage.slack.setReachable(false);
  await stage.deploy('web', '1.28.0\n');
  await stage.engine.stop();

  expect(stage.output()).not.toContain(secret);
  expect(spawnSync('grep', ['-rF', secret, stage.deps], { encoding: 'utf8' }).stdout).toBe('');
});

test('secrets in the log of a crash appear nowhere', async () => {
  await using stage = await startStage();
  const secrets = ['hunter2hunter2', 'AKIAIOSFODNN7EXAMPLE', 'ghp_0123456789abcdefABCDEF0123456789abcd'];
  const [password, key, token] = secrets;
  const log = `error: password=${password} rejected|using ${key}|Authorization: Bearer ${token}|postgres://app:${password}@db/shop`;
  await stage.deployments.create('web');
  await stage.deployments.change('web', {
    spec: { template: { metadata: { annotations: { 'sandbox/behaviour': `crash log="${log}"` } } } },
  });

  const answer = await stage.deploy('web', '1.26.0\n');
  await eventually(() => stage.told('web').length === 1);

  expect(answer.evidence.join('\n')).toContain('rejected');
  const everything = [stage.output(), JSON.stringify(stage.slack.posts), JSON.stringify(answer.whole)].join('\n');
  for (const secret of secrets) {
    expect(everything).not.toContain(secret);
    expect(spawnSync('grep', ['-rF', secret, stage.deps], { encoding: 'utf8' }).stdout).toBe('');
  }
});
