import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import type { ProxyRequest } from '../support/proxy-faults.ts';
import { startStage } from './control-plane-stage.ts';

const isPatch = ({ method }: ProxyRequest) => method === 'PATCH';

const patches = (stage: Stage) => stage.requestsFor('web').filter(isPatch);

test('a patch whose reply is lost is not sent as a second rollout', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  stage.proxy.fault({ match: isPatch, action: { kind: 'lose-reply' }, times: 1 });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('succeeded');
  expect(await stage.deployments.templateChanges('web')).toBe(1);
  await eventually(() => stage.told('web').length === 1);
  expect(patches(stage)).toHaveLength(1);
});

test('a patch that the network delivers twice changes the template once', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  stage.proxy.fault({ match: isPatch, action: { kind: 'duplicate', afterMs: 50 }, times: 1 });

  const answer = await stage.deploy('web', '1.25.0\n');
  const again = await eventually(() => stage.proxy.requests.find((request) => request.duplicateOf && request.endedAt));

  expect(answer.phase).toBe('succeeded');
  expect(again.status).toBe(422);
  expect(await stage.deployments.templateChanges('web')).toBe(1);
});

test('a patch delivered again after a newer version is refused, and the newer version stays', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  stage.proxy.fault({ match: isPatch, action: { kind: 'duplicate', afterMs: 3_000 }, times: 1 });
  await stage.deploy('web', '1.25.0\n');

  await stage.deploy('web', '1.26.0\n');
  const again = await eventually(() => stage.proxy.requests.find((request) => request.duplicateOf && request.endedAt));

  expect(again.status).toBe(422);
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.25.0', 'nginx:1.26.0']);
});

test('a patch held back in the network while a restarted engine deploys a newer version is refused at last', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const held = stage.proxy.fault({ match: isPatch, action: { kind: 'hold' }, times: 1 });
  await stage.write('web', '1.25.0\n');
  await eventually(() => held.held === 1);
  await stage.engine.kill();
  await stage.startEngine();
  await stage.deploy('web', '1.26.0\n');

  held.release();

  await eventually(() => patches(stage)[0]?.status !== undefined);
  expect(patches(stage)[0]?.status).toBe(422);
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.26.0');
  expect(await stage.status('web')).toMatchObject({ phase: 'succeeded', version: '1.26.0' });
});

test('a version and its rollback within a second, the first reply lost, end on the version asked for last', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await stage.deploy('web', '1.0.1\n');
  stage.proxy.fault({ match: isPatch, action: { kind: 'lose-reply' }, times: 1 });

  await stage.write('web', '1.0.2\n');
  await eventually(() => patches(stage).length === 2);
  const answer = await stage.deploy('web', '1.0.1\n');

  expect(answer.phase).toBe('succeeded');
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.0.1', 'nginx:1.0.2', 'nginx:1.0.1']);
  expect(await stage.last('web')).toBe('1.0.1');
});

test('a storm of conflicting writes by somebody else delays the version, but does not stop it', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const storm = new AbortController();
  const scaling = (async () => {
    for (let size = 1; !storm.signal.aborted; size = size === 1 ? 2 : 1) {
      await stage.deployments.change('web', { spec: { replicas: size } });
    }
  })();

  await stage.write('web', '1.25.0\n');
  await eventually(async () => (await stage.deployments.images('web')).at(-1) === 'nginx:1.25.0', {
    timeoutMs: 30_000,
  });
  storm.abort();
  await scaling;

  expect(await stage.concluded('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
  expect(await stage.deployments.templateChanges('web')).toBe(1);
});

test('a patch whose reply is lost is followed to its end also when the file is deleted meanwhile', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const lost = stage.proxy.fault({ match: isPatch, action: { kind: 'lose-reply' }, times: 1 });
  await stage.write('web', '1.25.0\n');
  await eventually(() => lost.hits === 1);

  await rm(join(stage.deps, stage.file('web', 'dep')));

  expect(await stage.concluded('web', '1.25.0\n')).toMatchObject({ phase: 'succeeded' });
  expect((await stage.deployments.images('web')).at(-1)).toBe('nginx:1.25.0');
});

test('a change that the API server refuses for good is told with its words', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  const body = JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Invalid',
    message: 'admission webhook "policy.example.com" denied the request: use a digest',
    code: 400,
  });
  stage.proxy.fault({ match: isPatch, action: { kind: 'answer', status: 400, body } });

  const answer = await stage.deploy('web', '1.25.0\n');

  expect(answer.phase).toBe('failed');
  expect(answer.summary).toContain('use a digest');
  expect(patches(stage)).toHaveLength(1);
});
