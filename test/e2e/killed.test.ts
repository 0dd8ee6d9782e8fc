import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Stage, Told } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

const SERVICES = ['web', 'api', 'job', 'mail', 'search', 'shop'];

/** A number of the tag, so that an older version is a smaller one. */
function numberOf(image: string): number {
  return Number(image.split(':')[1]?.split('.')[1]);
}

function versionOf(number: number): string {
  return `1.${number}.0${number % 5 === 3 ? '-missing' : ''}`;
}

/** The same moments in every run, so that a failure can be seen again. */
function moments(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Kills the engine so many times while versions are written; the number of each service's last version. */
async function killWhileWriting(
  stage: Stage,
  services: readonly string[],
  kills: number,
): Promise<ReadonlyMap<string, number>> {
  const random = moments(7);
  const written = new Map<string, number>();
  const writeNext = async (service: string) => {
    const number = (written.get(service) ?? 0) + 1;
    written.set(service, number);
    await stage.write(service, `${versionOf(number)}\n`);
  };
  await Promise.all(services.map((service) => stage.deployments.create(service)));
  for (let kill = 1; kill <= kills; kill += 1) {
    for (const service of services) if (random() < 0.4) await writeNext(service);
    // When a power cut comes is its own business: from before the first look to after the last word.
    await sleep(random() * 700);
    await stage.engine.kill();
    await stage.startEngine();
  }
  return written;
}

test('killed 25 times while six services change: the right images, none older after newer, every outcome told', async () => {
  await using stage = await startStage({ env: { FAILURE_GRACE: '500ms' } });

  const written = await killWhileWriting(stage, SERVICES, 25);

  for (const [service, number] of written) await expectTruth(stage, service, number);
  expectNoContradiction(stage.told());
}, 180_000);

test('killed again and again with rollback and correction: at the end a bad version gives way to the good one', async () => {
  await using stage = await startStage({
    env: { FAILURE_GRACE: '500ms', ON_FAILURE: 'rollback', DRIFT: 'correct', WATCH_AFTER: '0s' },
  });
  const written = await killWhileWriting(stage, ['web', 'api'], 12);

  for (const [service, number] of written) {
    const bad = nextBad(number + 2);
    await stage.deploy(service, `${versionOf(bad - 1)}\n`);
    await stage.write(service, `${versionOf(bad)}\n`);
    await eventually(async () => (await stage.status(service))?.phase === 'rolled-back');

    const images = await stage.deployments.images(service);
    expect(images.slice(-2)).toEqual([`nginx:${versionOf(bad)}`, `nginx:${versionOf(bad - 1)}`]);
    await untilAllTold(stage, service, images.slice(1));
  }
}, 180_000);

/** The first number from this one on whose version cannot be pulled. */
function nextBad(from: number): number {
  let number = from;
  while (!versionOf(number).endsWith('missing')) number += 1;
  return number;
}

/** Whatever was sent to the cluster has had its answer: an end of its own, or a newer version. */
async function untilAllTold(stage: Stage, service: string, images: readonly string[]): Promise<void> {
  const versions = images.map((image) => image.replace('nginx:', ''));
  await eventually(() => versions.every((version) => stage.told(service).some((told) => told.version === version)), {
    timeoutMs: 60_000,
  });
}

async function expectTruth(stage: Stage, service: string, number: number): Promise<void> {
  const version = versionOf(number);
  const answer = await stage.concluded(service, `${version}\n`);
  expect(answer).toMatchObject({ version, phase: version.endsWith('missing') ? 'failed' : 'succeeded' });

  const images = await stage.deployments.images(service);
  expect(images.at(-1)).toBe(`nginx:${version}`);
  const numbers = images.slice(1).map(numberOf);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  await untilAllTold(stage, service, images.slice(1));
}

/** An outcome told again after a kill is told in the same words; that a version has two outcomes is a contradiction. */
function expectNoContradiction(told: readonly Told[]): void {
  const titles = Map.groupBy(
    told.filter(({ service }) => service !== ''),
    ({ service, version }) => `${service} ${version}`,
  );
  for (const [what, repeats] of titles) {
    expect({ what, titles: [...new Set(repeats.map(({ title }) => title))] }).toMatchObject({
      titles: [expect.any(String)],
    });
  }
}
