import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { FaultAction } from '../support/proxy-faults.ts';
import { startStage } from './control-plane-stage.ts';

/** Not a wait for something: so long the API server has nothing to say, in the middle of two rollouts. */
const SILENCE_MS = 30_000;

const SILENCES: Readonly<Record<string, FaultAction>> = {
  'no answer': { kind: 'black-hole' },
  'only 503': { kind: 'answer', status: 503 },
  'only 429': { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
};

async function playSilence(action: FaultAction) {
  await using stage = await startStage();
  await stage.deployments.create('web', { podAnnotations: { 'sandbox/behaviour': 'ready after=5s' } });
  await stage.deployments.create('api');
  await stage.write('web', '1.25.0\n');
  await stage.write('api', '1.25.0-broken\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);
  await eventually(async () => (await stage.deployments.templateChanges('api')) === 1);

  const silence = stage.proxy.fault({ match: () => true, action });
  // What is streamed already goes on, so it has to be cut.
  await stage.proxy.setReachable(false);
  await stage.proxy.setReachable(true);
  await sleep(SILENCE_MS);
  const toldInSilence = [...stage.told('web'), ...stage.told('api')];
  silence.remove();

  const good = await stage.concluded('web', '1.25.0\n', { timeoutMs: 60_000 });
  const broken = await stage.concluded('api', '1.25.0-broken\n', { timeoutMs: 60_000 });
  const isOutageTold = stage.told().some(({ title }) => title === 'Cluster Unreachable');
  const changes = await stage.deployments.templateChanges('web');
  return { toldInSilence, isOutageTold, good: good.phase, broken: broken.summary, changes };
}

test('half a minute without a sensible answer is not a verdict, and everything is concluded after it', async () => {
  // Side by side, so that it takes half a minute once.
  const ends = await Promise.all(
    Object.entries(SILENCES).map(async ([name, action]) => [name, await playSilence(action)] as const),
  );

  const concluded = {
    toldInSilence: [],
    good: 'succeeded',
    broken: expect.stringContaining('container app exits 1'),
    changes: 1,
  };
  expect(Object.fromEntries(ends)).toEqual({
    'no answer': { ...concluded, isOutageTold: true },
    'only 503': { ...concluded, isOutageTold: true },
    // Somebody is there, and asks to be left alone.
    'only 429': { ...concluded, isOutageTold: false },
  });
});
