import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/domain/api-error.ts';
import {
  ask,
  attempt,
  conclusionOf,
  got,
  gotImage,
  pending,
  record,
  recordOf,
  refused,
  wanted,
  watched,
} from '../support/decision-desk.ts';
import {
  crashLooping,
  exit,
  NEW_IMAGE,
  NEW_SET,
  OLD_IMAGE,
  OLD_SET,
  pod,
  running,
} from '../support/rollout-objects.ts';

const file = wanted('1.25.0');

describe('a rollout that runs', () => {
  test('is a success: .last, the verified version, what is usual, and an id that stays the same', () => {
    const end = conclusionOf(ask({ file, record: record({ usualMs: [7, 8] }), cluster: watched(), after: 8 }));

    expect(end).toMatchObject({
      event: {
        id: 'attempt-1:succeeded',
        what: 'succeeded',
        summary: 'web/prod 1.25.0 succeeded after 8.0 s',
        cause: '',
      },
      last: '1.25.0',
      record: {
        phase: 'succeeded',
        verified: { version: '1.25.0', image: NEW_IMAGE, container: 'web' },
        usualMs: [8_000, 7, 8],
        attempt: { id: 'attempt-1', endedAt: expect.any(Number) },
        past: [{ outcome: 'succeeded' }],
      },
    });
  });

  test('that puts back what drifted says nothing of what is usual', () => {
    const correction = record({ attempt: attempt({ kind: 'correct-drift' }), usualMs: [7, 8] });

    expect(recordOf(ask({ file, record: correction, cluster: watched(), after: 8 })).usualMs).toEqual([7, 8]);
  });

  test('of no replicas verifies nothing: no rollback goes there', () => {
    const cluster = watched({ replicas: 0, statusReplicas: 0, updatedReplicas: 0, availableReplicas: 0 });
    const { last, record: after } = conclusionOf(ask({ file, record: record(), cluster }));

    expect(last).toBe('1.25.0');
    expect(after).not.toHaveProperty('verified');
    expect(after).not.toHaveProperty('usualMs');
  });

  test('of no replicas says what its success is worth', () => {
    const cluster = watched({ replicas: 0, statusReplicas: 0, updatedReplicas: 0, availableReplicas: 0 });

    expect(conclusionOf(ask({ file, record: record(), cluster })).event.summary).toContain(
      '(0 replicas: nothing to verify)',
    );
  });

  test('after crashes must last before it is a success', () => {
    const look = { replicaSets: [OLD_SET, NEW_SET], pods: [pod(running({ restartCount: 1, lastExit: exit(1) }))] };

    expect(ask({ file, record: record(), cluster: { ...watched(), look }, completeForMs: 4_000 })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 6_000,
    });
    expect(ask({ file, record: record(), cluster: { ...watched(), look }, completeForMs: 10_000 })).toMatchObject({
      kind: 'conclude',
    });
  });

  test('that fails tells the pods that speak against it', () => {
    const look = { replicaSets: [OLD_SET, NEW_SET], pods: [pod(crashLooping(exit(1), 3))] };

    const end = conclusionOf(
      ask({
        file,
        record: record(),
        cluster: { ...watched({ availableReplicas: 0 }), look, fresh: true },
        after: 23,
        ageOf: () => 20_000,
      }),
    );

    expect(end.event).toMatchObject({
      id: 'attempt-1:failed',
      summary: 'web/prod 1.25.0 failed after 23 s: container web exits 1 (3 restarts)',
    });
    expect(end.signs).toHaveLength(1);
    expect(end).not.toHaveProperty('last');
  });

  test('goes on when its file is removed, emptied or unreadable', () => {
    for (const now of [
      { kind: 'absent' },
      { kind: 'not-ready', lookAgainInMs: 9 },
      { kind: 'unreadable', problem: 'EIO' },
      refused(),
    ] as const) {
      const memory = now.kind === 'refused' ? record({ phase: 'refused', content: now.content }) : record();

      expect(conclusionOf(ask({ file: now, record: memory, cluster: watched() })).event.what).toBe('succeeded');
    }
  });

  test('is looked at again soon when nothing is known of it', () => {
    expect(ask({ file, record: record() })).toMatchObject({ kind: 'wait', lookAgainInMs: 2_000 });
  });

  test('is not judged by the API server’s troubles', () => {
    const error = new ApiError('unreachable', 'no answer', {});

    expect(ask({ file, record: record(), cluster: { kind: 'error', error }, after: 3_600 })).toEqual({
      kind: 'retry',
      error,
    });
  });

  test('whose Deployment is deleted is parked, and deployed again when it is back', () => {
    const { event, record: memory } = conclusionOf(
      ask({ file, record: record(), cluster: { kind: 'no-deployment', namespace: 'present' } }),
    );

    expect(event).toMatchObject({ id: 'attempt-1:blocked', what: 'blocked' });
    expect(ask({ file, record: memory, cluster: gotImage('base') })).toMatchObject({ kind: 'patch' });
  });

  test('is not given up for what a watch shows that may have fallen silent', () => {
    const stuck = { file, record: record(), after: 300 };

    expect(ask({ ...stuck, cluster: watched({ availableReplicas: 0 }) })).toEqual({ kind: 'look-fresh' });
    expect(ask({ ...stuck, cluster: got({ availableReplicas: 0 }) })).toMatchObject({ event: { what: 'timed-out' } });
    expect(ask({ ...stuck, cluster: got() })).toMatchObject({ event: { what: 'succeeded' } });
  });

  test('is not overridden for what a watch shows that may have fallen silent', () => {
    const foreign = { containers: [{ name: 'web', image: 'nginx:9.9' }] };

    expect(ask({ file, record: record(), cluster: watched(foreign) })).toEqual({ kind: 'look-fresh' });
    expect(ask({ file, record: record(), cluster: got(foreign) })).toMatchObject({ event: { what: 'overridden' } });
  });

  describe('whose cluster is set back to an earlier state', () => {
    const earlier = { containers: [{ name: 'web', image: OLD_IMAGE }], generation: 1, observedGeneration: 1 };

    test('begins anew', () => {
      const decision = ask({ file, record: record(), cluster: got(earlier) });

      expect(decision).toMatchObject({ kind: 'remember', record: { pending: { id: 'attempt-1', version: '1.25.0' } } });
      expect(decision).not.toHaveProperty('record.attempt');
    });

    test('is left when its file says something else', () => {
      const end = conclusionOf(ask({ file: { kind: 'absent' }, record: record(), cluster: got(earlier) }));

      expect(end.event.what).toBe('overridden');
      expect(end.event.cause).toBe('the cluster was set back to a state before it; left as it is');
    });

    test('is not believed of a watch', () => {
      expect(ask({ file, record: record(), cluster: watched(earlier) })).toMatchObject({ kind: 'wait' });
    });
  });

  test('is looked at again when a file that is being written is ready, not when its own time comes', () => {
    const writing = { kind: 'not-ready', lookAgainInMs: 40 } as const;

    expect(ask({ file: writing, record: record(), cluster: watched({ availableReplicas: 0 }) })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 40,
    });
  });

  test('that completes on hold took all the time since its patch, which is not usual', () => {
    const held = watched({ paused: true });
    const end = conclusionOf(ask({ file, record: record({ usualMs: [7] }), cluster: held, after: 60 }));

    expect(end.record.usualMs).toEqual([7]);
  });

  test('whose Deployment was made anew begins again, as the same attempt', () => {
    const memory = recordOf(ask({ file, record: record(), cluster: watched({ uid: 'deployment-2' }) }));
    expect(memory).not.toHaveProperty('attempt');

    expect(ask({ file, record: memory, cluster: gotImage('base', { uid: 'deployment-2' }) })).toMatchObject({
      kind: 'patch',
      pending: { id: 'attempt-1' },
    });
  });

  test('whose Deployment was made anew while another version was sent tells of that one first', () => {
    const between = pending({ id: 'attempt-2', content: 'bytes of 1.26.0', version: '1.26.0' });
    const anew = { file, cluster: got({ uid: 'deployment-2' }) };

    const end = conclusionOf(ask({ ...anew, record: record({ pending: between }) }));

    expect(end.event).toMatchObject({ id: 'attempt-2:superseded' });
    expect(ask({ ...anew, record: end.record })).toMatchObject({ record: { pending: { id: 'attempt-1' } } });
  });

  test('whose Deployment came back from a backup with our mark on it is patched all the same', () => {
    const annotations = { 'deployment-k8s-engine/attempt': 'attempt-1' };
    const restored = { uid: 'deployment-2', annotations };

    const memory = recordOf(ask({ file, record: record(), cluster: watched(restored) }));

    expect(memory.pending?.id).not.toBe('attempt-1');
    expect(ask({ file, record: memory, cluster: got(restored) })).toMatchObject({ kind: 'patch' });
  });

  test('whose Deployment was made anew begins again too while the file has not been read yet', () => {
    const unread = { kind: 'not-ready', lookAgainInMs: 100 } as const;

    const memory = recordOf(ask({ file: unread, record: record(), cluster: watched({ uid: 'deployment-2' }) }));

    expect(memory).toMatchObject({ phase: 'rolling-out', pending: { id: 'attempt-1' } });
  });

  test('whose Deployment was made anew after the file was removed ends', () => {
    expect(
      conclusionOf(ask({ file: { kind: 'absent' }, record: record(), cluster: watched({ uid: 'deployment-2' }) }))
        .event,
    ).toMatchObject({ id: 'attempt-1:blocked' });
  });
});
