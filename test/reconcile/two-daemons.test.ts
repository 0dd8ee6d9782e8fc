/** The fence, checked in every order of events that two daemons and a slow network can make of three writes. */
import { describe, expect, test } from 'vitest';
import type { JsonPatchOperation } from '../../src/cluster/cluster.ts';
import { propertyRuns } from '../support/deploy-scripts.ts';
import { type DaemonRules, explore } from '../support/two-daemons.ts';

const OURS: DaemonRules = { daemons: 2, mostPatches: 3, readsAgain: true };
/** Three patches of two daemons are half a million states: for the long run only. */
const PATCHES_OF_TWO = propertyRuns(process.env) > 2_000 ? 3 : 2;

test.each<[string, DaemonRules]>([
  ['one daemon', { ...OURS, daemons: 1, mostPatches: 4 }],
  ['two daemons', { ...OURS, mostPatches: PATCHES_OF_TWO }],
])('with %s an older write never goes over a newer one', { timeout: 300_000 }, (who, rules) => {
  const { states, broken } = explore(rules);

  process.stdout.write(`states of the fence with ${who}: ${states}\n`);
  expect(broken).toBeUndefined();
  expect(states).toBeGreaterThan(1_000);
});

test('two daemons with one record can forget a patch of each other: why a directory has a lock', () => {
  const { broken } = explore({ ...OURS, shareRecord: true });

  expect(broken?.what).toMatch(/was told a success and/);
});

describe('a weaker rule is caught', () => {
  const isTest = ({ op }: JsonPatchOperation) => op === 'test';
  const tested = (kept: (path: string) => boolean) => (patch: readonly JsonPatchOperation[]) =>
    patch.filter((operation) => !isTest(operation) || kept(operation.path));

  test.each<[string, Partial<DaemonRules>, RegExp]>([
    ['a patch without tests', { daemons: 1, send: tested(() => false) }, /went over/],
    [
      'a test of the generation only',
      { daemons: 1, mostPatches: 4, send: tested((path) => path.endsWith('/generation')) },
      /went over/,
    ],
    [
      'no patch when the image is right already',
      {
        daemons: 1,
        send: (patch, model) => (patch.some(({ value }) => value === model.image) ? 'skip' : patch),
      },
      /was told a success and/,
    ],
    ['the file read before the GET only', { readsAgain: false }, /went over/],
  ])('%s', { timeout: 300_000 }, (_rule, weaker, what) => {
    const { broken } = explore({ ...OURS, ...weaker });

    expect(broken?.what).toMatch(what);
    expect(broken?.way.length).toBeGreaterThan(3);
  });
});
