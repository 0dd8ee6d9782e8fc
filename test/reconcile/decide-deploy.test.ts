import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/domain/api-error.ts';
import { ATTEMPT_ANNOTATION } from '../../src/domain/signature.ts';
import { targetKey } from '../../src/domain/target.ts';
import { endPending } from '../../src/reconcile/conclusions.ts';
import type { Observation } from '../../src/reconcile/decision.ts';
import {
  ask,
  attempt,
  conclusionOf,
  got,
  gotImage,
  NEW_ID,
  pending,
  record,
  recordOf,
  refused,
  refusedByServer,
  sent,
  settled,
  wanted,
  watched,
} from '../support/decision-desk.ts';
import { NEW_IMAGE, OLD_IMAGE, PATCHED_AT } from '../support/rollout-objects.ts';

const gone = (namespace: 'present' | 'missing' | 'terminating' | 'unknown') =>
  ({ kind: 'no-deployment', namespace }) as const;
const file = wanted('1.25.0');
const TARGET = { service: 'web', namespace: 'prod' };
const SEEN: Observation = {
  key: targetKey(TARGET),
  target: TARGET,
  desired: file,
  last: undefined,
  cluster: got(),
  elapsedMs: 0,
  idleMs: 0,
  watchedMs: 0,
  completeForMs: 0,
  ageOf: () => 0,
};

describe('a new file', () => {
  test('is looked up with a GET before anything is decided', () => {
    expect(ask({ file })).toEqual({ kind: 'look-fresh' });
    expect(ask({ file, cluster: watched() })).toEqual({ kind: 'look-fresh' });
  });

  test('becomes a fenced patch, and the attempt is recorded with it', () => {
    const decision = ask({ file, cluster: gotImage(OLD_IMAGE) });

    expect(decision).toMatchObject({ kind: 'patch' });
    expect(recordOf(decision)).toMatchObject({
      phase: 'rolling-out',
      version: '1.25.0',
      content: 'bytes of 1.25.0',
      pending: { id: NEW_ID, kind: 'deploy', image: NEW_IMAGE, previousImage: OLD_IMAGE, container: 'web' },
    });
  });

  test('is patched although the image is right already: the fence must move', () => {
    expect(ask({ file, cluster: gotImage(NEW_IMAGE) })).toMatchObject({
      kind: 'patch',
      patch: expect.arrayContaining([
        expect.objectContaining({ path: '/spec/template/spec/containers/0/image', value: NEW_IMAGE }),
      ]),
    });
  });

  test('that an earlier engine completed is adopted when it runs', () => {
    const decision = ask({ file, last: '1.25.0', cluster: gotImage(NEW_IMAGE) });

    expect(ask({ file, last: '1.25.0' })).toEqual({ kind: 'look-fresh' });
    expect(decision).toMatchObject({ kind: 'remember' });
    expect(recordOf(decision)).toMatchObject({ phase: 'succeeded', content: 'bytes of 1.25.0' });
  });

  test('that differs from what an earlier engine completed is deployed', () => {
    expect(ask({ file, last: '1.24.0', cluster: gotImage(OLD_IMAGE) }).kind).toBe('patch');
  });

  test('waits out a fault of the API server', () => {
    const error = new ApiError('server', '503', { code: 503 });

    expect(ask({ file, cluster: { kind: 'error', error } })).toEqual({ kind: 'retry', error });
  });
});

describe('a file that was answered', () => {
  test('is left alone when its bytes are the same', () => {
    expect(ask({ file, record: settled('failed') })).toEqual({ kind: 'nothing' });
    expect(ask({ file, record: settled('succeeded'), after: 600, cluster: watched() })).toEqual({ kind: 'nothing' });
  });

  test('and only got another comment is remembered, not deployed', () => {
    const edited = wanted('1.25.0', 'with a comment');

    expect(ask({ file: edited, record: settled('succeeded') })).toEqual({ kind: 'look-fresh' });
    const decision = ask({ file: edited, record: settled('succeeded'), cluster: watched() });

    expect(decision.kind).toBe('remember');
    expect(recordOf(decision)).toMatchObject({
      phase: 'succeeded',
      content: 'with a comment',
      attempt: { content: 'with a comment' },
    });
  });

  test('and got another comment while the cluster runs something else is deployed', () => {
    expect(
      ask({ file: wanted('1.25.0', 'again'), record: settled('succeeded'), cluster: gotImage(OLD_IMAGE) }).kind,
    ).toBe('patch');
  });

  test('and is written anew after a failure is tried again', () => {
    expect(ask({ file: wanted('1.25.0', 'again'), record: settled('failed'), cluster: got() }).kind).toBe('patch');
  });

  test('goes back to the good version after a broken one, though .last holds it', () => {
    const broken = settled('failed', {
      version: '2-bad',
      content: 'bytes of 2-bad',
      attempt: attempt({ version: '2-bad', content: 'bytes of 2-bad', endedAt: 1 }),
    });

    expect(
      ask({ file, record: broken, last: '1.25.0', cluster: gotImage('registry.example/web:2-bad') }),
    ).toMatchObject({
      kind: 'patch',
      record: { version: '1.25.0' },
    });
  });

  test('is deployed when it comes back after it was withdrawn', () => {
    expect(ask({ file, record: settled('superseded'), cluster: gotImage(OLD_IMAGE) }).kind).toBe('patch');
  });
});

describe('a file that is refused', () => {
  test('because it holds a secret in the place of a version is answered without it', () => {
    const decision = ask({ file: wanted('postgres://app:hunter2hunter2@db/shop', 'bytes'), cluster: got() });

    expect(conclusionOf(decision).event).toMatchObject({
      what: 'refused',
      version: 'postgres://app:[redacted]@db/shop',
    });
    expect(JSON.stringify(decision)).not.toContain('hunter2');
  });

  test('is told once, with the line', () => {
    const decision = ask({ file: refused('"a b" is not a version') });
    const { event, record: answer } = conclusionOf(decision);

    expect(event).toMatchObject({ what: 'refused', cause: 'line 2: "a b" is not a version', version: '' });
    expect(ask({ file: refused(), record: answer })).toEqual({ kind: 'nothing' });
  });

  test('does not end the rollout that runs, and keeps its answer when that ends', () => {
    const { record: answer } = conclusionOf(ask({ file: refused(), record: record() }));
    expect(answer).toMatchObject({ phase: 'refused', attempt: { id: 'attempt-1' } });

    const end = conclusionOf(ask({ file: refused(), record: answer, cluster: watched() }));

    expect(end).toMatchObject({ event: { what: 'succeeded', id: 'attempt-1:succeeded' }, last: '1.25.0' });
    expect(end.record).toMatchObject({ phase: 'refused', verified: { version: '1.25.0' } });
  });

  test('and then mended to what is rolling out takes the rollout up again', () => {
    const { record: answer } = conclusionOf(ask({ file: refused(), record: record() }));

    const resumed = recordOf(ask({ file, record: answer, cluster: watched() }));

    expect(resumed).toMatchObject({ phase: 'rolling-out', content: 'bytes of 1.25.0', attempt: { id: 'attempt-1' } });
    expect(resumed).not.toHaveProperty('finishedAt');
  });

  test('for its container names those there are, and touches nothing', () => {
    const cluster = got({
      containers: [
        { name: 'a', image: 'x/a:1' },
        { name: 'b', image: 'x/b:1' },
      ],
    });

    expect(conclusionOf(ask({ file, cluster })).event).toMatchObject({
      what: 'refused',
      cause: expect.stringContaining('a, b'),
    });
    expect(conclusionOf(ask({ file: wanted('1.25.0', 'c', 'web2'), cluster })).event.cause).toContain(
      'no container is named "web2"',
    );
  });

  test('when its namespace is not allowed, without a look at the cluster', () => {
    const { event } = conclusionOf(ask({ file, policy: { namespaces: ['dev-*'] } }));

    expect(event).toMatchObject({ what: 'refused', cause: 'namespace prod is not allowed; name it in NAMESPACES' });
  });

  test('does not leave an attempt open whose answer was lost', () => {
    const twice = {
      containers: [
        { name: 'a', image: 'x/a:1' },
        { name: 'b', image: 'x/b:1' },
      ],
    };

    const { record: answer } = conclusionOf(ask({ file, record: sent(), cluster: got(twice) }));

    expect(answer).not.toHaveProperty('pending');
    expect(ask({ file, record: answer, cluster: got(twice) })).toEqual({ kind: 'nothing' });
  });
});

describe('a newer file', () => {
  const newer = wanted('1.26.0');

  const sentOver = () => recordOf(ask({ file: newer, record: record(), cluster: got(), after: 37 }));
  const annotations = { [ATTEMPT_ANNOTATION]: NEW_ID };

  test('is sent over a running rollout at once, which is superseded when the patch is taken', () => {
    const asked = sentOver();
    const found = conclusionOf(ask({ file: newer, record: asked, cluster: got({ annotations }), after: 37 }));

    expect(asked).toMatchObject({
      version: '1.26.0',
      attempt: { id: 'attempt-1' },
      pending: { id: NEW_ID },
      past: [],
    });
    expect(found.event).toMatchObject({
      id: 'attempt-1:superseded',
      what: 'superseded',
      version: '1.25.0',
      cause: 'superseded by 1.26.0 after 37 s',
    });
    expect(found.record).toMatchObject({
      phase: 'rolling-out',
      version: '1.26.0',
      attempt: { id: NEW_ID, generation: 2 },
      past: [{ version: '1.25.0', outcome: 'superseded' }],
    });
    expect(found.record).not.toHaveProperty('pending');
  });

  test('that the server refuses supersedes nothing: the older rollout goes on and gets its answer', () => {
    const { record: after } = endPending(
      { observation: SEEN, record: sentOver(), moment: { now: PATCHED_AT } },
      pending({ id: NEW_ID, content: 'bytes of 1.26.0', version: '1.26.0' }),
      { outcome: 'failed', cause: 'denied' },
    );
    const end = conclusionOf(ask({ file: newer, record: after, cluster: watched(), after: 40 }));

    expect(after).toMatchObject({ phase: 'failed', version: '1.26.0', attempt: { id: 'attempt-1' } });
    expect(end).toMatchObject({ event: { id: 'attempt-1:succeeded', version: '1.25.0' }, last: '1.25.0' });
    expect(end.record).toMatchObject({ phase: 'failed', version: '1.26.0' });
    expect(ask({ file: newer, record: end.record, cluster: watched(), completeForMs: 60_000 })).toEqual({
      kind: 'nothing',
    });
  });

  test('that goes back to what runs is a new attempt of it', () => {
    const again = recordOf(ask({ file, record: sentOver(), cluster: got(), after: 37 }));
    const found = ask({ file, record: again, cluster: got({ annotations }), after: 37 });

    expect(again).toMatchObject({ version: '1.25.0', attempt: { id: 'attempt-1' }, pending: { id: NEW_ID } });
    expect(found).toMatchObject({
      event: { id: 'attempt-1:superseded', cause: 'superseded by 1.25.0 again after 37 s' },
      record: { attempt: { id: NEW_ID } },
    });
  });

  test('tells of an older one too whose patch was never answered', () => {
    expect(ask({ file: newer, record: sent(), cluster: got() })).toMatchObject({
      kind: 'patch',
      givenUp: { id: 'attempt-1:superseded' },
    });
  });

  test('that is parked goes over the running rollout as soon as it may', () => {
    const { record: parked } = conclusionOf(ask({ file: newer, record: record(), cluster: got({ paused: true }) }));
    expect(parked).toMatchObject({ phase: 'blocked', blockedBy: 'paused', attempt: { id: 'attempt-1' } });

    expect(ask({ file: newer, record: parked, cluster: watched({ paused: true, updatedReplicas: 0 }) })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 5_000,
    });
    expect(ask({ file: newer, record: parked, cluster: watched({ updatedReplicas: 0 }) })).toEqual({
      kind: 'look-fresh',
    });
    expect(ask({ file: newer, record: parked, cluster: got({ updatedReplicas: 0 }) })).toMatchObject({
      kind: 'patch',
      record: { attempt: { id: 'attempt-1' }, pending: { id: NEW_ID } },
    });
  });

  test('that is not taken lets the older rollout have its answer first', () => {
    const asked = sentOver();

    const end = conclusionOf(ask({ file: newer, record: asked, cluster: watched(), after: 40 }));

    expect(end).toMatchObject({ event: { id: 'attempt-1:succeeded' }, last: '1.25.0' });
    expect(end.record).toMatchObject({ phase: 'rolling-out', version: '1.26.0', pending: { id: NEW_ID } });
    expect(ask({ file: newer, record: end.record, cluster: got(), after: 41 })).toMatchObject({
      kind: 'patch',
      pending: { id: NEW_ID },
    });
  });

  test('that is removed before it is taken, and comes back, does not wait for the older one', () => {
    const gone = conclusionOf(
      ask({ file: { kind: 'absent' }, record: sentOver(), cluster: got({ updatedReplicas: 0 }), after: 80 }),
    );

    expect(gone).toMatchObject({ event: { what: 'superseded', version: '1.26.0' } });
    expect(ask({ file: newer, record: gone.record, cluster: got({ updatedReplicas: 0 }), after: 81 })).toMatchObject({
      kind: 'patch',
      pending: { version: '1.26.0' },
    });
  });
});

describe('a lost answer', () => {
  test('is found by the annotation, and nothing is sent again', () => {
    const annotations = { 'deployment-k8s-engine/attempt': 'attempt-1' };

    expect(ask({ file, record: sent(), cluster: got({ generation: 7, annotations }) })).toMatchObject({
      kind: 'remember',
      record: { attempt: { id: 'attempt-1', generation: 7, uid: 'deployment-1', appliedImage: NEW_IMAGE } },
      lookAgainInMs: 0,
    });
  });

  test('of a version that has another comment now is the same attempt again', () => {
    const content = 'bytes of 1.25.0 # for the shop';

    const again = ask({ file: wanted('1.25.0', content), record: sent(), cluster: gotImage(OLD_IMAGE) });

    expect(again).toMatchObject({ kind: 'patch', pending: { id: 'attempt-1', content } });
    expect(again).not.toHaveProperty('givenUp');
  });

  test('of a file that was removed is waited for as long as its patch may be under way', () => {
    const removed = { file: { kind: 'absent' } as const, record: sent(), cluster: gotImage(OLD_IMAGE) };

    expect(ask({ ...removed, after: 5 })).toMatchObject({ kind: 'wait', lookAgainInMs: 30_000 });
    expect(ask({ ...removed, after: 36 })).toMatchObject({ event: { what: 'superseded' } });
  });

  test('of a patch that was not applied leads to the same attempt again', () => {
    const decision = ask({ file, record: sent(), cluster: gotImage(OLD_IMAGE) });

    expect(decision).toMatchObject({ kind: 'patch', record: { pending: { id: 'attempt-1' } } });
  });

  test.each([
    ['removed', { kind: 'absent' } as const],
    ['malformed', refused()],
  ])('of a file that is %s now is looked for, and told as superseded when it was not applied', (_how, now) => {
    const memory = sent({
      ...(now.kind === 'refused' ? { phase: 'refused', content: 'bytes of nonsense' } : {}),
    });

    expect(ask({ file: now, record: memory })).toEqual({ kind: 'look-fresh' });
    const { event, record: answer } = conclusionOf(ask({ file: now, record: memory, cluster: gotImage(OLD_IMAGE) }));

    expect(event).toMatchObject({ id: 'attempt-1:superseded', what: 'superseded' });
    expect(ask({ file: now, record: answer })).toEqual({ kind: 'nothing' });
  });

  test('of a file that was removed is seen through when it was applied', () => {
    const annotations = { 'deployment-k8s-engine/attempt': 'attempt-1' };

    expect(ask({ file: { kind: 'absent' }, record: sent(), cluster: got({ annotations }) })).toMatchObject({
      kind: 'remember',
      record: { attempt: { generation: 2 } },
    });
  });

  test('waits for a file that is just being written', () => {
    const writing = { kind: 'not-ready', lookAgainInMs: 100 } as const;

    expect(ask({ file: writing, record: sent(), cluster: gotImage(OLD_IMAGE) })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 100,
    });
  });
});

describe('a target that waits for somebody', () => {
  const parked = (cluster: Parameters<typeof ask>[0]['cluster']) =>
    conclusionOf(ask({ file, ...(cluster === undefined ? {} : { cluster }) })).record;

  test('is parked without a Deployment, told once, and deployed when it appears', () => {
    const { event, record: memory } = conclusionOf(ask({ file, cluster: gone('present') }));

    expect(event).toMatchObject({
      what: 'blocked',
      cause: expect.stringContaining('no Deployment web in namespace prod'),
    });
    expect(ask({ file, record: memory, cluster: gone('unknown') })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 5_000,
    });
    expect(ask({ file, record: memory, cluster: gone('present') })).toMatchObject({ kind: 'wait' });
    expect(ask({ file, record: memory, cluster: watched() })).toEqual({ kind: 'look-fresh' });
    expect(ask({ file, record: memory, cluster: gotImage(OLD_IMAGE) }).kind).toBe('patch');
  });

  test('gets its namespace made, and is told with the words of the original', () => {
    expect(ask({ file, cluster: gone('missing') })).toMatchObject({
      kind: 'create-namespace',
      namespace: 'prod',
      conclude: {
        event: {
          what: 'blocked',
          cause: expect.stringMatching(/^New NameSpace created Kindly create a deployment file in the same ns/),
        },
      },
    });
  });

  test('is parked without a namespace when none may be made', () => {
    expect(
      conclusionOf(ask({ file, cluster: gone('missing'), policy: { createNamespaces: false } })).event.cause,
    ).toContain('no namespace prod');
  });

  test('looks again by itself while its namespace is being deleted', () => {
    const memory = parked(gone('terminating'));

    expect(memory).toMatchObject({ blockedBy: 'namespace-terminating' });
    expect(ask({ file, record: memory, cluster: gone('unknown') })).toEqual({ kind: 'look-fresh' });
    expect(ask({ file, record: memory, cluster: gone('terminating') })).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 5_000,
    });
  });

  test('is parked while the Deployment is paused, and says how to go on', () => {
    const memory = parked(got({ paused: true }));

    expect(memory.summary).toContain('kubectl rollout resume deployment/web -n prod');
    expect(ask({ file, record: memory, cluster: watched({ paused: true }) })).toMatchObject({ kind: 'wait' });
    expect(ask({ file, record: memory, cluster: gotImage(OLD_IMAGE) }).kind).toBe('patch');
  });

  test('is parked without the right, and tries now and then, not at every hint', () => {
    const memory = parked(refusedByServer());
    expect(memory).toMatchObject({ phase: 'blocked', blockedBy: 'forbidden' });

    expect(ask({ file, record: memory, cluster: watched(), after: 70 })).toMatchObject({ kind: 'wait' });
    expect(ask({ file, record: memory, cluster: watched(), after: 91 })).toEqual({ kind: 'look-fresh' });
    expect(ask({ file, record: memory, cluster: refusedByServer(), after: 91 })).toMatchObject({
      kind: 'remember',
      lookAgainInMs: 0,
    });
  });

  test('takes a newer content like any other', () => {
    expect(
      ask({ file: wanted('1.26.0'), record: parked(gone('present')), cluster: gotImage(OLD_IMAGE) }),
    ).toMatchObject({ kind: 'patch', record: { version: '1.26.0' } });
  });
});

test('a file that is absent, empty or unreadable asks for nothing', () => {
  expect(ask({ file: { kind: 'absent' } })).toEqual({ kind: 'nothing' });
  expect(ask({ file: { kind: 'absent' }, record: settled('succeeded') })).toEqual({ kind: 'nothing' });
  expect(ask({ file: { kind: 'not-ready', lookAgainInMs: 40 }, record: settled('succeeded') })).toMatchObject({
    kind: 'wait',
    lookAgainInMs: 40,
  });
  expect(ask({ file: { kind: 'unreadable', problem: 'EACCES', lookAgainInMs: 2_000 } })).toMatchObject({
    kind: 'wait',
    detail: 'EACCES',
  });
});
