import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startEngine } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { startStage } from './engine-stage.ts';

test('SIGTERM in the middle of rollouts ends it with 0, and the next start tells each exactly once', async () => {
  await using stage = await startStage();
  const services = ['web', 'api', 'job'];
  for (const service of services) {
    const podAnnotations = { 'sandbox/behaviour': 'ready after=8s' };
    await stage.deployments.create(service, { podAnnotations, untilAvailable: false });
    await stage.write(service, '1.25.0\n');
    await eventually(async () => (await stage.deployments.templateChanges(service)) === 1);
  }

  const code = await stage.engine.stop();
  await stage.startEngine();

  expect(code).toBe(0);
  for (const service of services) {
    expect(await stage.concluded(service, '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
    expect(await stage.deployments.templateChanges(service)).toBe(1);
  }
  await eventually(() => stage.told().length >= services.length);
  expect(
    stage
      .told()
      .map(({ service }) => service)
      .toSorted(),
  ).toEqual(services.toSorted());
});

test('a terminal that closes ends it as SIGTERM does, however often it says so', async () => {
  await using stage = await startStage();
  const { engine } = stage;

  process.kill(engine.pid, 'SIGHUP');
  process.kill(engine.pid, 'SIGHUP');

  expect(await engine.exited).toEqual({ code: 0, signal: null });
  expect(engine.logs.at(-1)?.message).toBe('stopped');
});

test('signals that it knows nothing of neither end it nor open a debugger', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');

  for (const name of ['SIGUSR1', 'SIGUSR2'] as const) process.kill(stage.engine.pid, name);

  expect(await stage.deploy('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(stage.output()).not.toContain('Debugger listening');
});

test('a second engine on the same directory names the first one and ends with 75', async () => {
  await using stage = await startStage();

  await using second = await startEngine({
    deps: stage.deps,
    env: { KUBECONFIG: join(stage.deps, '../kubeconfig') },
    untilWatching: false,
  });
  const { code } = await second.exited;

  expect(code).toBe(75);
  expect(second.logs.at(-1)?.message).toContain(`${stage.engine.pid}`);
});

test('what ends the start is told on standard error where the log is silent', async () => {
  await using stage = await startStage();
  const env = { KUBECONFIG: join(stage.deps, '../kubeconfig'), LOG_LEVEL: 'silent' };

  const problem = await startEngine({ deps: stage.deps, env }).then(String, String);

  expect(problem).toContain('ended with 75');
  expect(problem).toContain(`process ${stage.engine.pid}`);
});

test('a wrong configuration ends it with 78 and lists every problem', async () => {
  const wrong = { ROLLOUT_TIMEOUT: 'soon', CONCURRENCY: '0', ON_FAILURE: 'cry', KUBECONFIG: '/nowhere/kubeconfig' };

  const problem = await startEngine({ env: wrong }).then(String, String);

  expect(problem).toContain('ended with 78');
  for (const name of ['ROLLOUT_TIMEOUT', 'CONCURRENCY', 'ON_FAILURE', 'KUBECONFIG: /nowhere/kubeconfig']) {
    expect(problem).toContain(name);
  }
});

test('the demo plays its act and ends with 0', async () => {
  await using demo = await startEngine({ args: ['demo', '--once'], untilWatching: false });

  expect(await demo.exited).toMatchObject({ code: 0 });
});
