import { describe, expect, test } from 'vitest';

import {
  ask,
  attempt,
  conclusionOf,
  crashing,
  got,
  gotImage,
  NEW_ID,
  pending,
  record,
  recordOf,
  refusedByServer,
  settled,
  VERIFIED,
  wanted,
  watched,
} from '../support/decision-desk.ts';
import { complete, NEW_IMAGE, NEW_SET, OLD_IMAGE, PATCHED_AT } from '../support/rollout-objects.ts';

const file = wanted('1.25.0');
const FOREIGN = 'registry.example/web:foreign';

describe('a rollback', () => {
  const policy = { onFailure: 'rollback' } as const;
  const failed = settled('failed', { verified: VERIFIED });

  test('is not given up for what a watch shows that has fallen silent', () => {
    const stale = watched({ containers: [{ name: 'web', image: OLD_IMAGE }], generation: 1, observedGeneration: 1 });

    expect(ask({ file, record: failed, policy, cluster: stale })).toEqual({ kind: 'look-fresh' });
  });

  test('goes to the last verified version after a failure and after a time-out', () => {
    for (const phase of ['failed', 'timed-out'] as const) {
      expect(ask({ file, record: { ...failed, phase }, policy })).toEqual({ kind: 'look-fresh' });
      expect(ask({ file, record: { ...failed, phase }, policy, cluster: got({ availableReplicas: 0 }) })).toMatchObject(
        {
          kind: 'patch',
          record: {
            phase: 'rolling-out',
            content: 'bytes of 1.25.0',
            pending: { id: NEW_ID, kind: 'rollback', image: OLD_IMAGE, version: '1.24.0' },
          },
        },
      );
    }
  });

  test('takes nothing back that was merely slow and is complete by now', () => {
    const slow = { ...failed, phase: 'timed-out' } as const;

    expect(ask({ file, record: slow, policy, cluster: watched() })).toMatchObject({ kind: 'wait' });
    expect(
      conclusionOf(ask({ file, record: slow, policy, cluster: watched(), completeForMs: 20_000 })).event.what,
    ).toBe('recovered');
  });

  test('uses the image that was verified, whatever the settings would make of its version now', () => {
    const verified = { ...VERIFIED, image: 'elsewhere.example/web:1.24.0' };

    expect(ask({ file, record: { ...failed, verified }, policy, cluster: got() })).toMatchObject({
      record: { pending: { image: verified.image } },
    });
  });

  test('of another container goes back to what that one ran', () => {
    const proxy = { container: 'proxy', image: 'envoy:2', appliedImage: 'envoy:2', wayBack: 'envoy:1' };
    const memory = settled('failed', { verified: VERIFIED, attempt: attempt({ ...proxy, endedAt: PATCHED_AT }) });
    const containers = [
      { name: 'web', image: OLD_IMAGE },
      { name: 'proxy', image: 'envoy:2' },
    ];

    expect(ask({ file, record: memory, policy, cluster: got({ containers }) })).toMatchObject({
      kind: 'patch',
      pending: { kind: 'rollback', version: VERIFIED.version, container: 'proxy', image: 'envoy:1' },
    });
  });

  test('of another container passes over a version that never came right', () => {
    const proxy = { container: 'proxy', image: 'envoy:2', appliedImage: 'envoy:2', wayBack: 'envoy:1' };
    const containers = [
      { name: 'web', image: OLD_IMAGE },
      { name: 'proxy', image: 'envoy:2' },
    ];

    const next = ask({
      file: wanted('envoy:3', 'bytes of envoy:3', 'proxy'),
      record: record({ verified: VERIFIED, attempt: attempt(proxy) }),
      cluster: got({ containers }),
    });

    expect(next).toMatchObject({ pending: { previousImage: 'envoy:2', wayBack: 'envoy:1' } });
  });

  test.each([
    ['by default', failed, {}],
    ['without a verified version', settled('failed'), policy],
    ['to the version that failed', settled('failed', { verified: { ...VERIFIED, image: NEW_IMAGE } }), policy],
    ['after a rollback', settled('rollback-failed', { verified: VERIFIED }), policy],
    [
      'of what the API server refused',
      settled('failed', { verified: VERIFIED, attempt: attempt({ content: 'older bytes', endedAt: PATCHED_AT }) }),
      policy,
    ],
  ])('is not done %s', (_when, memory, how) => {
    expect(ask({ file, record: memory, policy: how, cluster: crashing })).toEqual({ kind: 'nothing' });
  });

  test('is not done over what somebody has mended by hand', () => {
    expect(ask({ file, record: failed, policy, cluster: gotImage(FOREIGN) })).toEqual({ kind: 'nothing' });
    expect(ask({ file, record: failed, policy, cluster: got({ uid: 'another' }) })).toEqual({ kind: 'nothing' });
  });

  const rollback = attempt({
    id: 'back-1',
    kind: 'rollback',
    version: '1.24.0',
    image: OLD_IMAGE,
    appliedImage: OLD_IMAGE,
  });
  const backwards = record({
    version: '1.24.0',
    verified: VERIFIED,
    attempt: rollback,
    past: [
      {
        content: 'bytes of 1.25.0',
        version: '1.25.0',
        outcome: 'failed',
        summary: 'web/prod 1.25.0 failed: it crashed',
        at: 1,
      },
    ],
  });
  const back = { containers: [{ name: 'web', image: OLD_IMAGE }] };
  const oldAgain = { replicaSets: [{ ...NEW_SET, containers: [{ name: 'web', image: OLD_IMAGE }] }], pods: [] };

  test('is told when it is complete, with what went wrong, and .last holds where it went', () => {
    const end = conclusionOf(
      ask({ file, record: backwards, policy, cluster: { ...watched(back), look: oldAgain }, after: 8 }),
    );

    expect(end.event).toMatchObject({
      id: 'back-1:rolled-back',
      what: 'rolled-back',
      summary: 'web/prod rolled back to 1.24.0 after 8.0 s; web/prod 1.25.0 failed: it crashed',
    });
    expect(end.last).toBe('1.24.0');
    expect(ask({ file, record: end.record, policy, cluster: watched(back) })).toEqual({ kind: 'nothing' });
  });

  test('that was told as failed and comes right is told as well', () => {
    const cluster = { ...watched(back), look: oldAgain };
    const told = settled('rollback-failed', {
      version: '1.24.0',
      attempt: { ...rollback, endedAt: PATCHED_AT + 60_000 },
    });

    const {
      event,
      record: answer,
      last,
    } = conclusionOf(ask({ file, record: told, policy, cluster, completeForMs: 20_000 }));

    expect(event).toMatchObject({ what: 'recovered', version: '1.24.0' });
    expect(answer.phase).toBe('rolled-back');
    expect(last).toBe('1.24.0');
  });

  test('that fails is said loudly and left alone', () => {
    const look = { ...oldAgain, pods: crashing.look.pods };
    const cluster = { ...watched({ ...back, availableReplicas: 0 }), look, fresh: true };

    const end = conclusionOf(ask({ file, record: backwards, policy, cluster, ageOf: () => 20_000 }));

    expect(end.event).toMatchObject({ id: 'back-1:rollback-failed', what: 'rollback-failed' });
    expect(ask({ file, record: end.record, policy, cluster: watched(back) })).toEqual({ kind: 'nothing' });
  });

  test('whose Deployment is deleted ends, and does not wait to deploy what failed', () => {
    const { event, record: answer } = conclusionOf(
      ask({ file, record: backwards, policy, cluster: { kind: 'no-deployment', namespace: 'present' } }),
    );

    expect(event).toMatchObject({ what: 'rollback-failed', cause: 'the Deployment was deleted meanwhile' });
    expect(ask({ file, record: answer, policy, cluster: got({ uid: 'deployment-2' }) })).toEqual({ kind: 'nothing' });
  });

  describe('that was begun and is not answered', () => {
    const { attempt: _back, ...failed } = backwards;
    const begun = {
      ...failed,
      attempt: attempt({ endedAt: PATCHED_AT }),
      pending: pending({ id: 'back-1', kind: 'rollback', version: '1.24.0', image: OLD_IMAGE }),
    };

    test.each([
      ['is gone', { kind: 'no-deployment', namespace: 'present' }, 'the Deployment was deleted meanwhile'],
      ['is paused', got({ paused: true }), 'the Deployment was paused meanwhile'],
      ['was made anew', got({ uid: 'deployment-2' }), 'the Deployment was made anew meanwhile'],
      [
        'was mended by hand',
        gotImage('registry.example/web:1.26.0', { templateManager: 'kubectl-set' }),
        'kubectl-set set the image to registry.example/web:1.26.0 meanwhile; left as it is',
      ],
    ] as const)('ends when its Deployment %s', (_what, cluster, cause) => {
      const { event, record: answer } = conclusionOf(ask({ file, record: begun, policy, cluster }));

      expect(event).toMatchObject({ what: 'rollback-failed', cause });
      expect(answer.pending).toBeUndefined();
      expect(ask({ file, record: answer, policy: { ...policy, drift: 'correct' }, cluster }).kind).not.toBe('patch');
    });
  });

  test('is named as one when it is superseded', () => {
    const annotations = { 'deployment-k8s-engine/attempt': NEW_ID };
    const asked = recordOf(ask({ file: wanted('1.26.0'), record: backwards, policy, cluster: got(back) }));

    const { event } = conclusionOf(
      ask({ file: wanted('1.26.0'), record: asked, policy, cluster: got({ annotations }) }),
    );

    expect(event.summary).toBe('web/prod rollback to 1.24.0 superseded by 1.26.0 after 1 min');
  });

  test('in flight loses to a newer file', () => {
    expect(ask({ file: wanted('1.26.0'), record: backwards, policy, cluster: got(back) })).toMatchObject({
      kind: 'patch',
      record: { version: '1.26.0', attempt: { id: 'back-1' }, pending: { kind: 'deploy' } },
    });
  });

  test('whose answer was lost is the same rollback again', () => {
    const sent = {
      ...backwards,
      attempt: attempt({ endedAt: PATCHED_AT }),
      pending: pending({ id: 'back-1', kind: 'rollback', version: '1.24.0', image: OLD_IMAGE }),
    };

    expect(ask({ file, record: sent, policy, cluster: got() })).toMatchObject({
      kind: 'patch',
      record: { pending: { id: 'back-1', kind: 'rollback', image: OLD_IMAGE } },
    });
  });

  test('that meets a pause waits, and does not take the place of the failure', () => {
    expect(ask({ file, record: failed, policy, cluster: got({ paused: true }) })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 5_000,
    });
  });

  test('that is forbidden ends, and is told', () => {
    const sent = {
      ...backwards,
      attempt: attempt({ endedAt: PATCHED_AT }),
      pending: pending({ id: 'back-1', kind: 'rollback', version: '1.24.0', image: OLD_IMAGE }),
    };

    expect(
      conclusionOf(ask({ file, record: sent, policy, cluster: refusedByServer('PATCH: 403') })).event,
    ).toMatchObject({ id: 'back-1:rollback-failed', cause: 'PATCH: 403' });
  });
});

describe('a late success', () => {
  const timedOut = settled('timed-out', { usualMs: [7, 8] });

  test('is told when a rollout is complete after all, and has been for the grace', () => {
    expect(ask({ file, record: timedOut, cluster: watched(), completeForMs: 5_000 })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 15_000,
    });
    const end = conclusionOf(ask({ file, record: timedOut, cluster: watched(), completeForMs: 20_000 }));

    expect(end).toMatchObject({
      event: {
        id: 'attempt-1:recovered',
        what: 'recovered',
        summary: 'web/prod 1.25.0 succeeded after all; it had been reported as timed-out',
      },
      // What was told as failed first is no measure of what is usual.
      record: { phase: 'succeeded', verified: { version: '1.25.0' }, usualMs: [7, 8] },
      last: '1.25.0',
    });
  });

  test('is not told while it is not complete, nor of another Deployment', () => {
    expect(ask({ file, record: timedOut, cluster: crashing })).toEqual({ kind: 'nothing' });
    expect(ask({ file, record: timedOut, cluster: watched({ uid: 'another' }), completeForMs: 60_000 })).toEqual({
      kind: 'nothing',
    });
    expect(ask({ file, record: timedOut })).toEqual({ kind: 'nothing' });
  });

  test('is not told of a Deployment that was scaled to nothing', () => {
    const cluster = watched({ ...complete(0), containers: [{ name: 'web', image: NEW_IMAGE }] });

    expect(ask({ file, record: timedOut, cluster, completeForMs: 60_000 })).toEqual({ kind: 'nothing' });
  });

  test('is not told of an older content than the one that was answered', () => {
    const answered = { ...timedOut, content: 'bytes of 1.26.0', version: '1.26.0' };

    expect(ask({ file: wanted('1.26.0'), record: answered, cluster: watched(), completeForMs: 60_000 })).toEqual({
      kind: 'nothing',
    });
  });
});
