/** Told to stop at a bad moment: before it has started, and while a pass hangs in a call. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { loadCluster } from '../../src/cluster/cluster.ts';
import { parseConfig } from '../../src/config.ts';
import { createEngine } from '../../src/engine.ts';
import { createLog } from '../../src/log.ts';
import { acquireDirectoryLock, DirectoryLockedError } from '../../src/state/lock.ts';
import { startEngine } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { startStage } from './engine-stage.ts';

test('SIGTERM while it waits for the engine before it ends it with 0, and that one goes on', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await using second = await startEngine({
    deps: stage.deps,
    env: { KUBECONFIG: join(stage.deps, '../kubeconfig') },
    untilWatching: false,
  });
  await eventually(() => second.logs.some(({ message }) => message.includes('waiting for it to stop')));

  const code = await second.stop();

  expect(code).toBe(0);
  expect(await stage.deploy('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
});

test.each([
  ['stop', 'free'],
  ['stop', 'taken'],
  ['signal', 'free'],
  ['signal', 'taken'],
])('a start called off by %s on a directory that is %s leaves nothing running', async (calledOffBy, directory) => {
  await using stage = await startStage({ engine: false });
  const kubeconfig = join(stage.deps, '../kubeconfig');
  const parsed = parseConfig({ DEPS: stage.deps, WEBHOOK_FOR_SLACK: stage.slack.url }, () => undefined);
  if (parsed.kind === 'problems') throw new Error(parsed.problems.join());
  const log = await createLog({ level: 'silent', format: 'json', color: false, fd: 1, secrets: [] });
  const cluster = loadCluster({ kubeconfig, userAgent: 'test', pluginEnv: {} }, systemClock);
  const engine = createEngine(parsed.config, { log, clock: systemClock, cluster });
  const other = directory === 'taken' ? await acquireDirectoryLock(stage.deps, { waitMs: 0 }) : undefined;
  const callOff = new AbortController();

  const started = engine.start(callOff.signal).then(
    () => 'started',
    (error: unknown) => (error instanceof DirectoryLockedError ? 'waited' : 'called off'),
  );
  if (calledOffBy === 'signal') callOff.abort();
  await engine.stop();
  await other?.release();

  expect(await started).toBe('called off');
  expect(cluster.connections).toBe(0);
  expect(stage.proxy.requests).toEqual([]);
  await (await acquireDirectoryLock(stage.deps, { waitMs: 0 })).release();
});

test('a verdict whose evidence hangs at the stop is written down before the directory is given up', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const events = stage.proxy.fault({ match: ({ path }) => path.endsWith('/events'), action: { kind: 'hold' } });
  await stage.write('web', '1.26.0-typo\n');
  await eventually(() => events.held > 0);

  const code = await stage.engine.stop();

  expect(code).toBe(0);
  expect(await stage.status('web')).toMatchObject({ phase: 'failed' });
  await stage.startEngine();
  await eventually(() => stage.told('web').length > 0);
  expect(stage.told('web').map(({ title }) => title)).toEqual(['Deployment Failed']);
});
