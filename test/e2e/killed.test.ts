import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Stage, Told } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

const SERVICES = ['web', 'api', 'job', 'mail', 'search', 'shop'];
const KILLS = 25;

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

test('killed 25 times while six services change: the right images, none older after newer, every outcome told', async () => {
  await using stage = await startStage({ env: { FAILURE_GRACE: '500ms' } });
  await Promise.all(SERVICES.map((service) => stage.deployments.create(service)));
  const random = moments(7);
  const written = new Map<string, number>();

  for (let kill = 1; kill <= KILLS; kill += 1) {
    for (const service of SERVICES) {
      if (random() < 0.6) continue;
      const number = (written.get(service) ?? 0) + 1;
      written.set(service, number);
      await stage.write(service, `${versionOf(number)}\n`);
    }
    // When a power cut comes is its own business: from before the first look to after the last word.
    await sleep(random() * 700);
    await stage.engine.kill();
    await stage.startEngine();
  }

  for (const service of SERVICES) await expectTruth(stage, service, written.get(service) ?? 0);
  expectNoContradiction(stage.told());
}, 180_000);

async function expectTruth(stage: Stage, service: string, number: number): Promise<void> {
  const version = versionOf(number);
  const answer = await stage.concluded(service, `${version}\n`);
  expect(answer).toMatchObject({ version, phase: version.endsWith('missing') ? 'failed' : 'succeeded' });

  const images = await stage.deployments.images(service);
  expect(images.at(-1)).toBe(`nginx:${version}`);
  const numbers = images.slice(1).map(numberOf);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  await eventually(() => stage.told(service).some((told) => told.version === version), { timeoutMs: 60_000 });
  // Whatever was sent to the cluster has had its answer: an end of its own, or a newer version.
  for (const image of images.slice(1)) {
    const sent = image.replace('nginx:', '');
    expect(stage.told(service).map((told) => told.version)).toContain(sent);
  }
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
