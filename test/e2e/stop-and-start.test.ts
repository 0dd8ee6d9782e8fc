import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { startEngine } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { startStage } from './control-plane-stage.ts';

const TEN = Array.from({ length: 10 }, (_, index) => `web-${index}`);

async function rollOutTen(stage: Stage): Promise<void> {
  await Promise.all(
    TEN.map((service) =>
      stage.deployments.create(service, {
        podAnnotations: { 'sandbox/behaviour': 'ready after=15s' },
        untilAvailable: false,
      }),
    ),
  );
  await Promise.all(TEN.map((service) => stage.write(service, '1.25.0\n')));
  await eventually(async () => {
    const changes = await Promise.all(TEN.map((service) => stage.deployments.templateChanges(service)));
    return changes.every((count) => count === 1);
  });
}

async function expectTenToldOnce(stage: Stage): Promise<void> {
  for (const service of TEN) {
    expect(await stage.concluded(service, '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
    expect(await stage.deployments.templateChanges(service)).toBe(1);
    expect(await stage.last(service)).toBe('1.25.0');
  }
  await eventually(() => stage.told().length >= TEN.length, { timeoutMs: 30_000 });
  expect(
    stage
      .told()
      .map(({ service }) => service)
      .toSorted(),
  ).toEqual(TEN);
}

test('SIGTERM in the middle of ten rollouts ends it with 0, and the next start tells all ten exactly once', async () => {
  await using stage = await startStage();
  await rollOutTen(stage);

  const code = await stage.engine.stop();
  const patched = stage.proxy.requests.filter(({ method }) => method === 'PATCH').length;
  await stage.startEngine();

  expect(code).toBe(0);
  await expectTenToldOnce(stage);
  expect(stage.proxy.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(patched);
});

test('SIGTERM while the API server does not answer ends it all the same', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const hole = stage.proxy.fault({ match: ({ isWatch }) => !isWatch, action: { kind: 'black-hole' } });
  await stage.write('web', '1.25.0\n');
  await eventually(() => hole.hits > 0);

  expect(await stage.engine.stop()).toBe(0);
});

test('SIGTERM while Slack does not answer ends it all the same, and nothing is lost', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  stage.slack.respondWith({ kind: 'hang' });
  await stage.deploy('web', '1.25.0\n');
  await eventually(() => stage.slack.posts.length === 1);

  const code = await stage.engine.stop();
  stage.slack.respondWith({ kind: 'ok' });
  await stage.startEngine();

  expect(code).toBe(0);
  await eventually(() => stage.told('web').length === 1);
});

test('what ended while the engine was down is told when it is back', async () => {
  await using stage = await startStage();
  await stage.deployments.create('good');
  await stage.deployments.create('bad');
  await stage.write('good', '1.25.0\n');
  await stage.write('bad', '1.25.0-missing\n');
  const isPatched = async (service: string) => (await stage.deployments.templateChanges(service)) === 1;
  await eventually(async () => (await isPatched('good')) && (await isPatched('bad')));
  await stage.engine.kill();

  await stage.startEngine();

  expect(await stage.concluded('good', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(await stage.concluded('bad', '1.25.0-missing\n')).toMatchObject({ phase: 'failed' });
  await eventually(() => stage.told().length === 2);
});

test('a second engine on the same directory names the first one and ends with 75', async () => {
  await using stage = await startStage();

  await using second = await startEngine({
    deps: stage.deps,
    env: kubeconfigOf(stage),
    untilWatching: false,
  });
  const { code } = await second.exited;

  expect(code).toBe(75);
  expect(second.logs.at(-1)?.message).toContain(`${stage.engine.pid}`);
});

test('an engine that waits for its predecessor takes over when that one ends', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await using second = await startEngine({
    deps: stage.deps,
    env: kubeconfigOf(stage),
    untilWatching: false,
  });
  await eventually(() => second.logs.some(({ message }) => message.includes('is served by')));

  await stage.engine.stop();
  await stage.write('web', '1.25.0\n');

  expect(await stage.concluded('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
});

test('a second signal does not wait for anything', async () => {
  await using stage = await startStage();
  stage.slack.respondWith({ kind: 'hang' });
  await stage.deploy('web', '1.25.0\n');
  await eventually(() => stage.slack.posts.length === 1);

  process.kill(stage.engine.pid, 'SIGTERM');
  await eventually(() => stage.engine.logs.some(({ message }) => message.startsWith('stopping')));
  process.kill(stage.engine.pid, 'SIGINT');

  expect(await stage.engine.exited).toMatchObject({ code: 130 });
});

test('a process that was stopped for a while deploys the newest version when it goes on', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  process.kill(stage.engine.pid, 'SIGSTOP');

  await stage.write('web', '1.26.0\n');
  await stage.write('web', '1.27.0\n');
  process.kill(stage.engine.pid, 'SIGCONT');

  expect(await stage.concluded('web', '1.27.0\n')).toMatchObject({ phase: 'succeeded' });
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.27.0');
});

test.each([
  ['empty', ''],
  ['cut short', '{"schema": 1, "pha'],
])('a status file that is %s is replaced by what the cluster says, without another rollout', async (_, damaged) => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.engine.stop();
  await writeFile(join(stage.deps, stage.file('web', 'status.json')), damaged);
  await writeFile(join(stage.deps, stage.file('web', 'last')), '');

  await stage.startEngine();

  await eventually(async () => (await stage.last('web')) === '1.25.0');
  expect(await stage.concluded('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(await stage.deployments.templateChanges('web')).toBe(1);
});

test('a wrong configuration ends it with 78 and lists every problem', async () => {
  await using dir = await createTempDir();
  const kubeconfig = dir.file('kubeconfig');
  await writeFile(kubeconfig, 'contexts: []');

  const wrong = { ROLLOUT_TIMEOUT: 'soon', CONCURRENCY: '0', ON_FAILURE: 'cry', WEBHOOK_FOR_SLACK: 'x' };

  const problem = await startEngine({ env: { KUBECONFIG: kubeconfig, ...wrong } }).then(String, String);

  expect(problem).toContain('ended with 78');
  for (const name of [...Object.keys(wrong), 'kubeconfig']) expect(problem).toContain(name);
});

test('a status file written by a newer engine is left alone, and the problem is told', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.25.0\n');
  await stage.engine.stop();
  const path = `${stage.deps}/${stage.file('web', 'status.json')}`;
  const newer = JSON.stringify({ ...Object((await stage.status('web'))?.whole), schema: 99 });
  await writeFile(path, newer);
  await stage.write('web', '1.26.0\n');

  await stage.startEngine();
  await eventually(() => stage.engine.logs.some(({ level, message }) => level >= 40 && message.includes('schema 99')));

  expect(await stage.engine.read(stage.file('web', 'status.json'))).toBe(newer);
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.25.0']);
});

function kubeconfigOf(stage: Stage): { KUBECONFIG: string } {
  return { KUBECONFIG: join(stage.deps, '../kubeconfig') };
}

test('a crash soon after the success is told by an engine that was started in between', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', {
    podAnnotations: { 'sandbox/behaviour': 'crash after=40s exit=3 log="lost the database"' },
    untilAvailable: false,
  });
  const answer = await stage.deploy('web', '1.25.0\n');

  await stage.restart();

  expect(answer.phase).toBe('succeeded');
  const crash = await eventually(
    () => stage.told('web').find(({ title }) => title === 'Service Crashed After Deployment'),
    { timeoutMs: 60_000 },
  );
  expect(crash.text).toContain('container app exits 3');
});
