/** The engine's promises, tried in very many orders of events: faults, crashes, old requests, other writers. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkHistory } from '../support/deploy-history.ts';
import { propertyRuns, scripts } from '../support/deploy-scripts.ts';
import { playWorld } from '../support/deploy-world.ts';

const RUNS = propertyRuns(process.env);

const PROMISE =
  'whatever happens: no older content over a newer one, no success before it is true, nothing applied twice, ' +
  'no rollback in a loop, nothing left open, unanswered or untold';

test(PROMISE, { timeout: 1_800_000 }, async () => {
  let runs = 0;
  const counts = { patches: 0, rollbacks: 0, corrections: 0, crashes: 0 };
  const property = fc.asyncProperty(scripts, async (script) => {
    runs += 1;
    const history = await playWorld(script);
    counts.patches += history.accepted.length;
    counts.rollbacks += history.accepted.filter(({ attempt }) => attempt.kind === 'rollback').length;
    counts.corrections += history.accepted.filter(({ attempt }) => attempt.kind === 'correct-drift').length;
    counts.crashes += history.crashes;
    checkHistory(history);
  });

  await fc.assert(property, { numRuns: RUNS });

  const { patches, rollbacks, corrections, crashes } = counts;
  process.stdout.write(
    `property runs of the small world: ${runs} (${patches} patches, ${rollbacks} rollbacks, ` +
      `${corrections} corrections, ${crashes} crashes)\n`,
  );
  expect(runs).toBe(RUNS);
  // A world in which nothing happens proves nothing.
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
});
