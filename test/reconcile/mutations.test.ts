/** Engines that are broken on purpose: the small world must notice each, else its silence about ours means nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonPatchOperation } from '../../src/cluster/cluster.ts';
import { checkHistory } from '../support/deploy-history.ts';
import { scripts } from '../support/deploy-scripts.ts';
import { playWorld, type Sabotage } from '../support/deploy-world.ts';

const MOST_RUNS = 60_000;

const isTest = ({ op }: JsonPatchOperation) => op === 'test';

const mutants: Readonly<Record<string, { readonly sabotage: Sabotage; readonly broken: RegExp }>> = {
  'sends its patch without any test': {
    sabotage: { patch: (patch) => patch.filter((operation) => !isTest(operation)) },
    broken: /twice|went over/,
  },
  'tests the generation only': {
    sabotage: {
      patch: (patch) => patch.filter((operation) => !isTest(operation) || operation.path.endsWith('/generation')),
    },
    broken: /twice|went over/,
  },
  'sends nothing when the image is right already': {
    sabotage: { skipsEqual: true },
    broken: /never applied|runs/,
  },
  'takes counters of an older generation for its own': {
    sabotage: { view: (view) => ({ ...view, observedGeneration: view.generation }) },
    broken: /told complete and was not/,
  },
  'records an attempt only once it was answered': {
    sabotage: { forgets: ({ pending }) => pending !== undefined },
    broken: /nobody had recorded/,
  },
};

test.each(Object.entries(mutants))(
  'an engine that %s is caught',
  { timeout: 120_000 },
  async (name, { sabotage, broken }) => {
    const property = fc.asyncProperty(scripts, async (script) => checkHistory(await playWorld(script, sabotage)));

    const result = await fc.check(property, { numRuns: MOST_RUNS, seed: 20_260_131, endOnFailure: true });

    process.stdout.write(`an engine that ${name}: caught after ${result.numRuns} runs: ${result.errorInstance}\n`);
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toMatch(broken);
  },
);
