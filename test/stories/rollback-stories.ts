/** With ON_FAILURE=rollback: the way back to the last version that was seen to be good. */
import { change, DEADLINE, type Story, untilTold, write } from './story.ts';

const MISSING =
  '1.26.0-missing failed after <time>: container app: image nginx:1.26.0-missing cannot be pulled: not found in the registry';
const BROKEN =
  '1.26.0-broken failed after <time>: container app exits 1 (<n> restarts): "Error: DATABASE_URL is not set"';
const UNSCHEDULABLE =
  '1.26.0-unschedulable timed out after <time>: no progress for 4 s: 1 old replica pending termination; pod cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
const GOOD = '1.25.0 succeeded after <time>';
const back = (failed: string) => `rolled back to 1.25.0 after <time>; ${failed}`;

export const rollbackStories: readonly Story[] = [
  {
    name: 'an image that does not exist is rolled back',
    engine: 'rollback',
    steps: [write('1.25.0'), untilTold(1), write('1.26.0-missing')],
    tells: [GOOD, MISSING, back(MISSING)],
    bound: { availableAtLeast: 1 },
  },
  {
    name: 'a crash loop is rolled back',
    engine: 'rollback',
    deployment: { replicas: 2 },
    steps: [write('1.25.0'), untilTold(1), write('1.26.0-broken')],
    tells: [GOOD, BROKEN, back(BROKEN)],
    bound: { availableAtLeast: 2 },
  },
  {
    name: 'a time-out is rolled back',
    engine: 'rollback',
    deployment: { spec: DEADLINE },
    steps: [write('1.25.0'), untilTold(1), write('1.26.0-unschedulable')],
    tells: [GOOD, UNSCHEDULABLE, back(UNSCHEDULABLE)],
  },
  {
    name: 'with Recreate the way back is verified too',
    engine: 'rollback',
    deployment: { spec: { strategy: { type: 'Recreate' } } },
    steps: [write('1.25.0'), untilTold(1), write('1.26.0-missing')],
    tells: [GOOD, MISSING, back(MISSING)],
    bound: { availableAtLeast: 1 },
  },
  {
    name: 'good, broken, good ends on good with rollback too',
    engine: 'rollback',
    steps: [write('1.25.0'), untilTold(1), write('1.26.0-missing'), untilTold(3), write('1.25.0')],
    tells: [GOOD, MISSING, back(MISSING), GOOD],
  },
  {
    name: 'after a rollback the fix is deployed',
    engine: 'rollback',
    steps: [write('1.25.0'), untilTold(1), write('1.26.0-missing'), untilTold(3), write('1.26.1')],
    tells: [GOOD, MISSING, back(MISSING), '1.26.1 succeeded after <time>'],
  },
  {
    name: 'nothing is rolled back where no version was seen to be good',
    engine: 'rollback',
    steps: [write('1.26.0-missing'), untilTold(1), write('1.27.0')],
    tells: [MISSING, '1.27.0 succeeded after <time>'],
  },
  {
    name: 'a rollback that fails says so, and nothing further is tried',
    engine: 'rollback',
    steps: [
      write('1.25.0'),
      untilTold(1),
      change({ template: { metadata: { annotations: { 'sandbox/behaviour': 'crash log="no database"' } } } }),
      write('1.26.0'),
    ],
    tells: [
      GOOD,
      '1.26.0 failed after <time>: container app exits 1 (<n> restarts): "no database"',
      '1.25.0 rollback failed after <time>: container app exits 1 (<n> restarts): "no database"',
    ],
  },
];
