import { expect, test } from 'vitest';
import { ApiError } from '../../src/domain/api-error.ts';
import type { ContainerView, EventView, PodView } from '../../src/domain/workload.ts';
import type { Conclusion } from '../../src/reconcile/decision.ts';
import { createEvidenceGatherer, type EvidenceSources } from '../../src/reconcile/evidence-gatherer.ts';
import { failureSigns } from '../../src/rollout/failure-signs.ts';
import { settled } from '../support/decision-desk.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { crashLooping, exit, NEW_IMAGE, OLD_IMAGE, PATCHED_AT, pod, running } from '../support/rollout-objects.ts';

const TARGET = { service: 'web', namespace: 'prod' };
const SUMMARY = 'web/prod 1.25.0 failed after 20 s: container web exits 1 (3 restarts)';

function conclusion(what: 'failed' | 'timed-out' | 'succeeded', pods: readonly PodView[]): Conclusion {
  const record = settled(what, { summary: SUMMARY });
  const event = {
    kind: 'target',
    id: `attempt-1:${what}`,
    what,
    ...TARGET,
    version: '1.25.0',
    image: NEW_IMAGE,
    summary: SUMMARY,
    cause: 'container web exits 1 (3 restarts)',
    evidence: [],
    at: PATCHED_AT,
  } as const;
  return { kind: 'conclude', record, event, signs: failureSigns([], true, pods) };
}

/** A cluster that keeps these logs, by `previous` or `current`, and these events. */
function gatherer(
  logs: Readonly<Partial<Record<'previous' | 'current', readonly string[]>>>,
  change: {
    readonly events?: readonly EventView[];
    readonly unreadable?: readonly string[];
    readonly refuse?: ApiError;
    /** Gathers whom events are asked about. */
    readonly asked?: string[];
  } = {},
) {
  const cluster: EvidenceSources['cluster'] = {
    async listEvents(_namespace, uids) {
      change.asked?.push(...uids);
      if (change.refuse !== undefined) throw change.refuse;
      return change.events ?? [];
    },
    async readLogs(_namespace, _pod, _container, { previous, tailLines }) {
      if (change.refuse !== undefined) throw change.refuse;
      const lines = logs[previous ? 'previous' : 'current'];
      if (lines === undefined)
        throw new ApiError('invalid', 'read the log: previous terminated container not found', {});
      return tailLines === undefined ? lines : lines.slice(-tailLines);
    },
  };
  const unreadable = change.unreadable ?? [];
  const observer = { rollout: () => ({ replicaSets: [], pods: [], synced: true, unreadable }) };
  return createEvidenceGatherer({
    cluster,
    observer,
    clock: createManualClock(PATCHED_AT),
    secrets: ['s3cret-webhook'],
  });
}

const crashed = (container: ContainerView) => conclusion('failed', [pod(container)]);

test('a container between two runs is told by the one that crashed', async () => {
  const gather = gatherer({ previous: ['starting', 'Error: DATABASE_URL missing'], current: ['starting', 'again'] });

  const { event, record } = await gather(TARGET, crashed(crashLooping(exit(1), 3)));

  expect(event.summary).toBe(`${SUMMARY}: "Error: DATABASE_URL missing"`);
  expect(record.summary).toBe(event.summary);
  expect(event.evidence.join('\n')).not.toContain('again');
});

test('a container that runs again is told by the run that crashed and by the present one', async () => {
  const gather = gatherer({ previous: ['Error: lost the database'], current: ['listening on :8080'] });
  const again = running({ ready: false, restartCount: 2, lastExit: exit(1) });

  const { event } = await gather(TARGET, crashed(again));

  expect(event.evidence.join('\n')).toContain(
    'the run before:\n  Error: lost the database\nlog of web-2-abcde, container web:\n  listening on :8080',
  );
  expect(event.summary).toContain('"Error: lost the database"');
});

test('when the log of the crashed run is gone the present one is told', async () => {
  const gather = gatherer({ current: ['Error: still no database'] });

  const { event } = await gather(TARGET, crashed(crashLooping(exit(1), 3)));

  expect(event.summary).toContain('"Error: still no database"');
});

test('of a long log the first ten and the last fifty lines are kept', async () => {
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`);
  const gather = gatherer({ previous: lines });

  const { event } = await gather(TARGET, crashed(crashLooping(exit(1), 3)));

  const kept = event.evidence.filter((line) => line.startsWith('  line '));
  expect(kept).toHaveLength(60);
  expect([kept[9], kept[10], kept[59]]).toEqual(['  line 10', '  line 151', '  line 200']);
});

test('secrets are hidden, the known ones and those that look like one', async () => {
  const gather = gatherer({ previous: ['Error: POST https://chat/s3cret-webhook failed, token=abcdefgh12345'] });

  const { event, record } = await gather(TARGET, crashed(crashLooping(exit(1), 3)));

  expect(JSON.stringify([event, record])).not.toMatch(/s3cret-webhook|abcdefgh12345/);
});

test('a secret is hidden before its line is cut', async () => {
  const url = 'postgres://app:hunter2hunter2hunter2hunter2@db/shop';
  const gather = gatherer({ previous: [`Error: no way ${'x'.repeat(160)} ${url}`, `${'x'.repeat(370)} ${url}`] });

  const { event, record } = await gather(TARGET, crashed(crashLooping(exit(1), 3)));

  expect(JSON.stringify([event, record])).not.toContain('hunter2');
});

test('a private key is hidden over all its lines', async () => {
  const key = ['-----BEGIN RSA PRIVATE KEY-----', 'MIIEowIBAAKCAQEAhunter2', '-----END RSA PRIVATE KEY-----'];
  const gather = gatherer({ previous: ['Error: a key that nobody knows', ...key] });

  const { event, record } = await gather(TARGET, crashed(crashLooping(exit(1), 3)));

  expect(JSON.stringify([event, record])).not.toContain('hunter2');
  expect(event.summary).toContain('"Error: a key that nobody knows"');
});

test('missing rights reduce the evidence and are named, those of the watches too', async () => {
  const refuse = new ApiError('forbidden', 'pods/log is forbidden', {});
  const gather = gatherer({}, { refuse, unreadable: ['list pods in prod'] });

  const { event } = await gather(TARGET, crashed(crashLooping(exit(1), 3)));

  expect(event.summary).toBe(SUMMARY);
  for (const right of ['list pods', 'list events', 'get pods/log']) {
    expect(event.evidence.join('\n')).toContain(`not allowed to ${right} in prod`);
  }
});

test('a time-out that shows no sign has its evidence too', async () => {
  const { event } = await gatherer({})(TARGET, conclusion('timed-out', []));

  expect(event.evidence).toEqual([
    `image: ${OLD_IMAGE} → ${NEW_IMAGE}`,
    'try: kubectl describe deployment web -n prod',
  ]);
});

test('of a hundred pods in the same trouble one is asked about', async () => {
  const asked: string[] = [];
  const pods = Array.from({ length: 100 }, (_, index) => pod(crashLooping(exit(1), 3), { name: `web-2-${index}` }));

  await gatherer({}, { asked })(TARGET, conclusion('failed', pods));

  expect(asked).toEqual(['deployment-1', 'web-2-0', 'replica-set-2']);
});

test('a success asks for nothing', async () => {
  const refuse = new ApiError('invalid', 'nobody should ask', {});
  const done = conclusion('succeeded', []);

  expect(await gatherer({}, { refuse })(TARGET, done)).toBe(done);
});
