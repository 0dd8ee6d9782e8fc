import { describe, expect, test } from 'vitest';
import { attempt, pending, record, settled, VERIFIED, wanted } from '../support/decision-desk.ts';
import { createPassDesk, refusal, throws } from '../support/pass-desk.ts';
import { complete, deployment, PATCHED_AT } from '../support/rollout-objects.ts';

const BROKEN = refusal('server', 'patch Deployment web/prod: 500 InternalError: failed calling webhook');

describe('a change that is not taken', () => {
  test.each([
    ['the Deployment is gone, or so it is said', 'not-found'],
    ['another change was faster, or so it is said', 'conflict'],
    ['the server fails', 'server'],
  ] as const)('is tried again with growing delays: %s', async (_name, kind) => {
    const desk = createPassDesk();
    desk.answers.patch = throws(refusal(kind, 'no'));

    const result = await desk.pass();

    expect(result).toMatchObject({ failed: true, detail: 'no' });
  });

  test('is told after two minutes, with the words of the server, in the status file too, and once', async () => {
    const desk = createPassDesk();
    desk.answers.patch = throws(BROKEN);

    await desk.passes(6);

    const summary =
      'web/prod 1.25.0 waits: for 2 min the API server has not accepted the change: ' +
      'patch Deployment web/prod: 500 InternalError: failed calling webhook; it is tried again until it does';
    expect(desk.told).toMatchObject([{ what: 'stalled', version: '1.25.0', summary }]);
    expect(desk.record).toMatchObject({ phase: 'rolling-out', summary, evidence: [BROKEN.message] });
  });

  test('leaves nothing of that when it is taken at last', async () => {
    const desk = createPassDesk();
    desk.answers.patch = throws(BROKEN);
    await desk.passes(4);

    desk.answers.patch = () => deployment();
    await desk.pass();

    expect(desk.told).toMatchObject([{ what: 'stalled' }, { what: 'started' }]);
    expect(desk.record).toMatchObject({ summary: 'web/prod 1.25.0 is being deployed', evidence: [] });
  });

  test('is not told while nothing of the API can be reached', async () => {
    const desk = createPassDesk();
    desk.answers.patch = throws(BROKEN);
    desk.reachable = false;

    await desk.passes(6);

    expect(desk.told).toEqual([]);
  });
});

describe('a newer change that is refused', () => {
  const DENIED = refusal('forbidden', 'deployments.apps "web" is forbidden');

  /** 1.25.0 is being rolled out, and the file holds 1.26.0. */
  function newerDesk() {
    const desk = createPassDesk();
    desk.record = record();
    desk.watched = deployment();
    desk.file = wanted('1.26.0');
    desk.answers.read = () => deployment();
    desk.answers.patch = throws(DENIED);
    return desk;
  }

  test.each([
    ['for want of the right', false, 'blocked'],
    ['by a policy', true, 'failed'],
  ] as const)('%s supersedes nothing: the older rollout is seen through and told', async (_name, may, outcome) => {
    const desk = newerDesk();
    desk.answers.mayPatch = () => may;

    await desk.pass();
    desk.watched = deployment(complete());
    await desk.pass();

    expect(desk.told).toMatchObject([
      { what: outcome, version: '1.26.0', cause: expect.stringContaining(DENIED.message) },
      { what: 'succeeded', version: '1.25.0' },
    ]);
    expect(desk.record).toMatchObject({ phase: outcome, version: '1.26.0' });
  });

  test('is sent when the right is there, over the older one', async () => {
    const desk = newerDesk();
    await desk.passes(1);

    desk.answers.patch = () => deployment({ generation: 3 });
    await desk.passes(1);

    expect(desk.told).toMatchObject([
      { what: 'blocked', version: '1.26.0' },
      { what: 'superseded', version: '1.25.0' },
      { what: 'started', version: '1.26.0' },
    ]);
  });

  test.each([
    ['for want of the right', DENIED],
    ['for a while', BROKEN],
  ])('%s does not keep the older rollout from timing out', async (_name, error) => {
    const desk = newerDesk();
    desk.answers.patch = throws(error);

    for (let seconds = 0; seconds < 600; seconds += 5) {
      await desk.pass();
      desk.clock.advance(5_000);
    }

    expect(desk.told.filter(({ kind }) => kind === 'target')).toContainEqual(
      expect.objectContaining({ what: 'timed-out', version: '1.25.0' }),
    );
  });

  test('for a while lets the older rollout succeed meanwhile, as the version to go back to', async () => {
    const desk = newerDesk();
    desk.answers.patch = throws(BROKEN);
    await desk.pass();

    desk.watched = deployment(complete());
    await desk.passes(2);
    desk.answers.patch = () => deployment({ generation: 3 });
    await desk.pass();

    expect(desk.told).toMatchObject([
      { what: 'succeeded', version: '1.25.0' },
      { what: 'started', version: '1.26.0' },
    ]);
    expect(desk.record).toMatchObject({ verified: { version: '1.25.0' }, phase: 'rolling-out', version: '1.26.0' });
  });

  test('of a rollback is told as the failure of the rollback', async () => {
    const desk = createPassDesk({ onFailure: 'rollback' });
    desk.record = settled('failed', { verified: VERIFIED });
    desk.answers.read = () => deployment();
    desk.answers.mayPatch = () => true;
    desk.answers.patch = throws(DENIED);

    await desk.pass();

    expect(desk.told).toMatchObject([{ what: 'rollback-failed', version: '1.24.0' }]);
  });

  test('is not told as superseded when it was never taken', async () => {
    const desk = newerDesk();
    await desk.pass();
    desk.file = wanted('1.27.0');
    await desk.pass();

    expect(desk.told).toMatchObject([
      { what: 'blocked', version: '1.26.0' },
      { what: 'blocked', version: '1.27.0' },
    ]);
  });

  test('is not forgotten while an earlier request of it may yet be applied', async () => {
    const desk = newerDesk();
    const sent = pending({ id: 'attempt-2', content: 'bytes of 1.26.0', version: '1.26.0' });
    desk.record = record({ content: sent.content, version: sent.version, pending: sent });

    await desk.pass();

    expect(desk.record).toMatchObject({ phase: 'blocked', attempt: { id: 'attempt-1' }, pending: { id: 'attempt-2' } });
  });
});

describe('a target that gets no answer before its change', () => {
  test('is told of when its Deployment cannot be read', async () => {
    const desk = createPassDesk();
    desk.answers.read = throws(refusal('server', 'read Deployment web/prod: 500'));

    await desk.passes(6);

    const cause =
      'for 2 min the API server has not shown the Deployment: read Deployment web/prod: 500; it is tried again until it does';
    expect(desk.told).toMatchObject([{ what: 'stalled', version: '1.25.0', cause }]);
  });

  test('is told of when its namespace is not created', async () => {
    const desk = createPassDesk();
    desk.answers.read = throws(refusal('not-found', 'no such Deployment'));
    desk.answers.createNamespace = throws(refusal('server', 'create Namespace prod: 500'));

    await desk.passes(6);

    expect(desk.told).toMatchObject([{ what: 'stalled', version: '1.25.0' }]);
  });

  test('is parked when its namespace is refused for good, and told once', async () => {
    const desk = createPassDesk();
    desk.answers.read = throws(refusal('not-found', 'no such Deployment'));
    desk.answers.createNamespace = throws(refusal('invalid', 'create Namespace prod: 400: no owner label'));

    await desk.passes(6);

    expect(desk.told).toMatchObject([{ what: 'blocked', cause: 'create Namespace prod: 400: no owner label' }]);
    expect(desk.record).toMatchObject({ phase: 'blocked', blockedBy: 'forbidden' });
  });
});

describe('the Pods are watched', () => {
  test('while a rollout runs, and no longer once its Deployment is gone', async () => {
    const desk = createPassDesk();
    await desk.pass();
    const during = desk.follows;
    desk.answers.read = throws(refusal('not-found', 'no such Deployment'));

    await desk.passes(3);

    expect(desk.record).toMatchObject({ phase: 'blocked', blockedBy: 'no-deployment' });
    expect([during, desk.follows]).toEqual([true, false]);
  });

  test('for a while after a success, also by an engine that was started since', async () => {
    const desk = createPassDesk({ watchAfterMs: 120_000 });
    desk.watched = deployment(complete());
    desk.record = settled('succeeded', { attempt: attempt({ endedAt: PATCHED_AT - 60_000 }) });

    await desk.pass();
    const soon = desk.follows;
    desk.clock.advance(81_000);
    await desk.pass();

    expect([soon, desk.follows]).toEqual([true, false]);
  });
});
