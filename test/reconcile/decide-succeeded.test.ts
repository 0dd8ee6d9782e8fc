import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/domain/api-error.ts';
import { withoutPending } from '../../src/reconcile/attempt.ts';
import {
  ask,
  attempt,
  conclusionOf,
  crashing,
  got,
  NEW_ID,
  recordOf,
  settled,
  VERIFIED,
  wanted,
  watched,
} from '../support/decision-desk.ts';
import { NEW_IMAGE, NEW_SET, OLD_IMAGE, PATCHED_AT, replicaFailure } from '../support/rollout-objects.ts';

const file = wanted('1.25.0');
const REVISION = 'deployment.kubernetes.io/revision';
const FOREIGN = 'registry.example/web:foreign';

describe('a crash soon after the success', () => {
  test('is not seen in what others did to the Deployment', () => {
    const success = settled('succeeded', {
      attempt: attempt({ endedAt: PATCHED_AT + 60_000, revision: 2 }),
    });
    const tooMany = {
      ...watched({ replicas: 6 }),
      look: { replicaSets: [{ ...NEW_SET, conditions: [replicaFailure('exceeded quota: pods')] }], pods: [] },
    };
    const another = { ...crashing, deployment: { ...crashing.deployment, annotations: { [REVISION]: '3' } } };

    expect(ask({ file, record: success, cluster: tooMany, after: 90, ageOf: () => 60_000 })).toMatchObject({
      kind: 'wait',
    });
    expect(ask({ file, record: success, cluster: another, after: 90, ageOf: () => 60_000 })).toEqual({
      kind: 'nothing',
    });
    expect(ask({ file, record: success, cluster: crashing, after: 90, ageOf: () => 60_000 })).toMatchObject({
      kind: 'conclude',
    });
  });

  test('is told once, as a warning', () => {
    const success = settled('succeeded');

    expect(ask({ file, record: success, cluster: crashing, after: 70 })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 20_000,
    });
    const end = conclusionOf(ask({ file, record: success, cluster: crashing, after: 90, ageOf: () => 20_000 }));

    expect(end.event).toMatchObject({
      id: 'attempt-1:crashed-later',
      what: 'crashed-later',
      cause: 'container web exits 1 (3 restarts)',
    });
    expect(end.record).toMatchObject({ phase: 'succeeded', crashedLater: true });
    expect(ask({ file, record: end.record, cluster: crashing, after: 95, ageOf: () => 25_000 })).toEqual({
      kind: 'nothing',
    });
  });

  test('is rolled back to the version before, where that is wished', () => {
    const policy = { onFailure: 'rollback' } as const;
    const now = { version: '1.25.0', image: NEW_IMAGE, container: 'web', at: 0 };
    const success = settled('succeeded', { verified: now, verifiedBefore: VERIFIED });

    const end = conclusionOf(ask({ file, record: success, policy, cluster: crashing, after: 90, ageOf: () => 20_000 }));

    expect(end.record).toMatchObject({ phase: 'failed', verified: VERIFIED });
    expect(ask({ file, record: end.record, policy, cluster: got() })).toMatchObject({
      kind: 'patch',
      record: { pending: { kind: 'rollback', version: VERIFIED.version } },
    });
  });

  test('of what had no replicas at its success goes back to the last version that had some', () => {
    const policy = { onFailure: 'rollback' } as const;
    const before = { ...VERIFIED, version: '1.23.0', image: 'registry.example/web:1.23.0' };
    const success = settled('succeeded', { verified: VERIFIED, verifiedBefore: before });

    const end = conclusionOf(ask({ file, record: success, policy, cluster: crashing, after: 90, ageOf: () => 20_000 }));

    expect(end.record).toMatchObject({ phase: 'failed', verified: VERIFIED });
  });

  test('of the first version ever leaves nowhere to go back to', () => {
    const policy = { onFailure: 'rollback' } as const;

    const end = conclusionOf(
      ask({ file, record: settled('succeeded'), policy, cluster: crashing, after: 90, ageOf: () => 20_000 }),
    );

    expect(end.record).toMatchObject({ phase: 'succeeded', crashedLater: true });
  });

  test('that began in time is told, though it has lasted for its grace only later', () => {
    const { event } = conclusionOf(
      ask({ file, record: settled('succeeded'), cluster: crashing, after: 60 + 130, ageOf: () => 20_000 }),
    );

    expect(event.what).toBe('crashed-later');
  });

  test.each([
    ['began later', 60 + 139, 18_000],
    ['was told to nobody for so long', 60 + 140, 60_000],
  ])('that %s is not told', (_what, after, ageMs) => {
    expect(ask({ file, record: settled('succeeded'), cluster: crashing, after, ageOf: () => ageMs }).kind).not.toBe(
      'conclude',
    );
  });
});

describe('a change made outside', () => {
  const success = settled('succeeded');
  const drifted = watched({ containers: [{ name: 'web', image: FOREIGN }], templateManager: 'kubectl-set' });

  test('is not believed of a watch that shows an earlier state, and asked for', () => {
    const stale = watched({ containers: [{ name: 'web', image: OLD_IMAGE }], generation: 1, observedGeneration: 1 });

    expect(ask({ file, record: success, cluster: stale, after: 600 })).toEqual({ kind: 'look-fresh' });
  });

  test('is asked for until the API server answers', () => {
    const error = new ApiError('server', 'GET deployment web: 503', { code: 503 });

    expect(ask({ file, record: success, cluster: { kind: 'error', error }, after: 600 })).toEqual({
      kind: 'retry',
      error,
    });
  });

  test('is the restoring of a backup when the API server itself shows an earlier state', () => {
    const earlier = watched({ containers: [{ name: 'web', image: OLD_IMAGE }], generation: 1, observedGeneration: 1 });

    const { event } = conclusionOf(ask({ file, record: success, cluster: { ...earlier, fresh: true }, after: 600 }));

    expect(event.what).toBe('drifted');
    expect(event.cause).toMatch(`the cluster was set back to an earlier state, with ${OLD_IMAGE}; it is left as it is`);
  });

  describe('by making the Deployment anew', () => {
    const anew = { containers: [{ name: 'web', image: OLD_IMAGE }], uid: 'deployment-2', generation: 1 };

    test.each(['report', 'correct', 'ignore'] as const)('is no drift with %s: the version is deployed', (drift) => {
      const decision = ask({ file, record: success, policy: { drift }, cluster: got(anew), after: 600 });

      expect(decision).toMatchObject({ kind: 'patch', pending: { id: NEW_ID, kind: 'deploy', version: '1.25.0' } });
    });

    test('is no reason to deploy what runs already', () => {
      const same = watched({ uid: 'deployment-2', generation: 1, observedGeneration: 1 });

      expect(ask({ file, record: success, cluster: same, after: 600 }).kind).not.toBe('patch');
    });
  });

  test('is told once with its writer, and left', () => {
    const told = conclusionOf(ask({ file, record: success, cluster: drifted, after: 600 }));

    expect(told.event).toMatchObject({
      what: 'drifted',
      cause: `changed outside: kubectl-set set the image to ${FOREIGN}; it is left as it is; save the dep file with new content to deploy over it`,
    });
    expect(ask({ file, record: told.record, cluster: drifted, after: 601 })).toEqual({ kind: 'nothing' });
  });

  test('has the same id when a crash makes it told again', () => {
    const [once, twice] = [600, 605].map(
      (after) => conclusionOf(ask({ file, record: success, cluster: drifted, after })).event.id,
    );

    expect(once).toBe(twice);
  });

  test('is ignored where that is asked for, and of an image nobody remembers', () => {
    const { attempt: _attempt, ...adopted } = success;

    expect(ask({ file, record: success, cluster: drifted, policy: { drift: 'ignore' }, after: 600 })).toEqual({
      kind: 'nothing',
    });
    expect(ask({ file, record: adopted, cluster: drifted, after: 600 })).toEqual({ kind: 'nothing' });
  });

  test('that is undone is forgotten, so that the next one is told', () => {
    const { record: memory } = conclusionOf(ask({ file, record: success, cluster: drifted, after: 600 }));

    const undone = recordOf(ask({ file, record: memory, cluster: watched(), after: 610 }));

    expect(conclusionOf(ask({ file, record: undone, cluster: drifted, after: 620 })).event.what).toBe('drifted');
  });

  test('that comes again and again is told as such once, until it is quiet for a while', () => {
    let memory = success;
    const told: (string | undefined)[] = [];
    for (let round = 0; round < 8; round += 1) {
      const after = 600 + round * 30;
      const seen = ask({ file, record: memory, cluster: drifted, after });
      told.push(seen.kind === 'conclude' ? seen.event.what : undefined);
      memory = recordOf(ask({ file, record: recordOf(seen), cluster: watched(), after: after + 10 }));
    }
    const later = conclusionOf(ask({ file, record: memory, cluster: drifted, after: 2_000 }));

    expect(told).toEqual(['drifted', 'drifted', 'drifted', 'flapping', undefined, undefined, undefined, undefined]);
    expect(later.event.what).toBe('drifted');
  });

  test('stands in the status file until it is taken back', () => {
    const { record: memory } = conclusionOf(ask({ file, record: success, cluster: drifted, after: 600 }));
    const undone = recordOf(ask({ file, record: memory, cluster: watched(), after: 610 }));

    expect([memory.summary, undone.summary]).toEqual([
      expect.stringContaining(`changed outside: kubectl-set set the image to ${FOREIGN}`),
      'web/prod 1.25.0 runs again: the change made outside was undone',
    ]);
  });

  test('of a container that is gone is told too', () => {
    const cluster = watched({ containers: [{ name: 'other', image: FOREIGN }] });
    const told = conclusionOf(ask({ file, record: success, cluster, after: 600 }));

    expect(told.event.cause).toContain('removed the container');
    expect(ask({ file, record: told.record, cluster, after: 601 })).toEqual({ kind: 'nothing' });
  });

  describe('that is corrected', () => {
    const policy = { drift: 'correct' } as const;
    const correction = (memory = success, after = 600) =>
      conclusionOf(ask({ file, record: memory, cluster: drifted, policy, after })).record;

    test('is told first, and then patched back to what was verified, not to the repository that drifted in', () => {
      const other = { containers: [{ name: 'web', image: 'evil.example/web:1' }] };
      const { record: memory } = conclusionOf(
        ask({ file, record: success, cluster: watched(other), policy, after: 600 }),
      );

      expect(ask({ file, record: memory, cluster: watched(other), policy, after: 601 })).toEqual({
        kind: 'look-fresh',
      });
      expect(
        ask({ file, record: memory, cluster: got(other), policy: { ...policy, repo: undefined }, after: 601 }),
      ).toMatchObject({
        kind: 'patch',
        record: { pending: { kind: 'correct-drift', image: NEW_IMAGE } },
      });
    });

    test('keeps its count through the correction, and two writers that fight are left alone', () => {
      let memory = success;
      const events: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        const after = 600 + round * 30;
        const told = conclusionOf(ask({ file, record: memory, cluster: drifted, policy, after }));
        events.push(told.event.what);
        memory = told.record;
        const next = ask({ file, record: memory, cluster: { ...drifted, fresh: true }, policy, after: after + 1 });
        if (next.kind !== 'patch') {
          expect(next).toEqual({ kind: 'nothing' });
          break;
        }
        const patched = { ...withoutPending(next.record), attempt: attempt({ ...next.pending }) };
        memory = conclusionOf(ask({ file, record: patched, cluster: watched(), policy, after: after + 5 })).record;
      }

      expect(events).toEqual(['drifted', 'drifted', 'drifted', 'flapping']);
    });

    test('is counted too when it comes in the middle of a correction', () => {
      let memory = settled('overridden');
      const events: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        const after = 600 + round * 30;
        const told = conclusionOf(ask({ file, record: memory, cluster: drifted, policy, after }));
        events.push(told.event.what);
        memory = told.record;
        const next = ask({ file, record: memory, cluster: { ...drifted, fresh: true }, policy, after: after + 1 });
        if (next.kind !== 'patch') break;
        const patched = { ...withoutPending(next.record), attempt: attempt({ ...next.pending }) };
        const ended = conclusionOf(
          ask({ file, record: patched, cluster: { ...drifted, fresh: true }, policy, after: after + 5 }),
        );
        events.push(`${ended.event.what}: ${ended.event.cause}`);
        memory = ended.record;
      }

      const overridden = `overridden: kubectl-set set the image to ${FOREIGN}`;
      expect(events).toEqual(['drifted', overridden, 'drifted', overridden, 'drifted', overridden, 'flapping']);
      expect(ask({ file, record: memory, cluster: drifted, policy, after: 700 })).toEqual({ kind: 'nothing' });
    });

    test('during a rollout of the way back is left: the file never asked for that one', () => {
      const back = attempt({ kind: 'rollback', endedAt: PATCHED_AT });

      expect(
        ask({ file, record: settled('overridden', { attempt: back }), cluster: drifted, policy, after: 600 }),
      ).toEqual({ kind: 'nothing' });
    });

    test('waits out a pause without a new answer', () => {
      expect(
        ask({
          file,
          record: correction(),
          cluster: { ...drifted, deployment: { ...drifted.deployment, paused: true }, fresh: true },
          policy,
        }),
      ).toMatchObject({ kind: 'wait' });
    });
  });
});
