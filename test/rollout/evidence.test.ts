import { describe, expect, test } from 'vitest';
import type { EventView, PodView } from '../../src/domain/workload.ts';
import { evidenceLines, type Findings, quoteOf, tellingLine } from '../../src/rollout/evidence.ts';
import { failureSigns } from '../../src/rollout/failure-signs.ts';
import { attempt } from '../support/decision-desk.ts';
import {
  crashLooping,
  exit,
  NEW_IMAGE,
  OLD_IMAGE,
  PATCHED_AT,
  pod,
  running,
  waiting,
} from '../support/rollout-objects.ts';

function findings(pods: readonly PodView[], change: Partial<Findings> = {}): Findings {
  const signs = failureSigns([], true, pods);
  const target = { service: 'web', namespace: 'prod' };
  return { attempt: attempt(), target, signs, events: [], logs: [], missingRights: [], ...change };
}

function warning(reason: string, message: string, change: Partial<EventView> = {}): EventView {
  return {
    reason,
    message,
    type: 'Warning',
    count: 1,
    lastAt: PATCHED_AT,
    involvedUid: 'web-2-abcde',
    ...change,
  };
}

function logOf(web: PodView, tail: readonly string[]): Findings['logs'] {
  const [container] = web.containers;
  return container === undefined
    ? []
    : [{ suspect: { pod: web, container }, previous: true, head: ['starting'], tail }];
}

describe('evidenceLines', () => {
  test('names one pod of each kind of trouble and counts the others', () => {
    const lines = evidenceLines(
      findings([
        pod(crashLooping(exit(1), 3), { name: 'web-2-a' }),
        pod(crashLooping(exit(1), 2), { name: 'web-2-b' }),
        pod(waiting('ErrImagePull', 'not found'), { name: 'web-2-c' }),
      ]),
    );

    expect(lines).toEqual([
      'pod web-2-a and 1 more: container web exits 1 (3 restarts)',
      `pod web-2-c: container web: image ${NEW_IMAGE} cannot be pulled: not found in the registry`,
      '  not found',
      `image: ${OLD_IMAGE} → ${NEW_IMAGE}`,
      'try: kubectl logs web-2-a -c web -n prod --previous',
    ]);
  });

  test('tells equal events of several pods once, with their count', () => {
    const backOff = (name: string, count: number) =>
      warning('BackOff', `Back-off restarting failed container web in pod ${name}_prod(uid-1)`, { count });

    const lines = evidenceLines(findings([], { events: [backOff('web-2-a', 3), backOff('web-2-b', 4)] }));

    expect(lines).toContain(
      'event BackOff (7 times): Back-off restarting failed container web in pod web-2-b_prod(uid-1)',
    );
  });

  test('does not repeat what an event says anyway', () => {
    const said = 'failed to resolve reference: not found';
    const events = [warning('Failed', `Failed to pull image "${NEW_IMAGE}": ${said}`)];

    const lines = evidenceLines(findings([pod(waiting('ErrImagePull', said))], { events }));

    expect(lines.filter((line) => line.includes(said))).toHaveLength(1);
  });

  test('has the beginning and the end of the log', () => {
    const web = pod(crashLooping(exit(1), 3));

    const lines = evidenceLines(findings([web], { logs: logOf(web, ['Error: DATABASE_URL missing']) }));

    expect(lines.join('\n')).toContain(
      'log of web-2-abcde, container web, the run before:\n  starting\n  …\n  Error: DATABASE_URL missing',
    );
  });

  test('says which right would help, and where to look when no pod is known', () => {
    const lines = evidenceLines(findings([], { missingRights: ['list pods in prod'] }));

    expect(lines).toEqual([
      `image: ${OLD_IMAGE} → ${NEW_IMAGE}`,
      'not allowed to list pods in prod: with that right there would be more evidence',
      'try: kubectl describe deployment web -n prod',
    ]);
  });
});

describe('quoteOf', () => {
  test('is the last word of the probe for a container that does not get ready', () => {
    const web = pod(running({ ready: false, readinessProbe: 'GET :8080/healthz' }));
    const events = [
      warning('Unhealthy', 'Readiness probe failed: dial tcp: connection refused'),
      warning('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'),
    ];

    expect(quoteOf(findings([web], { events, logs: logOf(web, ['listening']) }))).toBe(
      'Readiness probe failed: HTTP probe failed with statuscode: 503',
    );
    expect(quoteOf(findings([web], { logs: logOf(web, ['listening']) }))).toBe('listening');
  });

  test('is the node’s word about the volume of a container that is not created', () => {
    const web = pod(waiting('ContainerCreating'));
    const events = [warning('FailedMount', 'MountVolume.SetUp failed for volume "tls": secret "tls" not found')];

    expect(quoteOf(findings([web], { events }))).toBe(
      'MountVolume.SetUp failed for volume "tls": secret "tls" not found',
    );
  });

  test('is the liveness probe for a container that a kubelet killed, and the log for one that ended by itself', () => {
    const events = [warning('Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500')];
    const killed = pod(crashLooping(exit(137), 3));
    const crashed = pod(crashLooping(exit(1), 3));
    const log = ['Error: DATABASE_URL missing'];

    expect(quoteOf(findings([killed], { events, logs: logOf(killed, log) }))).toMatch(/^Liveness probe failed/);
    expect(quoteOf(findings([crashed], { events, logs: logOf(crashed, log) }))).toBe('Error: DATABASE_URL missing');
  });

  test('is nothing that another pod said', () => {
    const unready = pod(running({ ready: false }));
    const other = pod(crashLooping(exit(1), 3), { name: 'web-2-other' });

    expect(quoteOf(findings([unready, other], { logs: logOf(other, ['Error: other']) }))).toBeUndefined();
  });
});

describe('tellingLine', () => {
  test('is the message of a stack trace, not a frame of it', () => {
    const log = [
      'starting',
      'Error: DATABASE_URL missing',
      '    at main (/app/server.js:12:9)',
      '    at node:internal',
    ];

    expect(tellingLine(log)).toBe('Error: DATABASE_URL missing');
  });

  test('is the last error of several', () => {
    expect(tellingLine(['Error: first', 'retrying', 'panic: second', 'bye'])).toBe('panic: second');
  });

  test('is the last line when none speaks of an error', () => {
    expect(tellingLine(['one', 'two', ''])).toBe('two');
  });

  test('is cut when it is long, and absent when there is no log', () => {
    expect(tellingLine(['x'.repeat(500)])).toHaveLength(201);
    expect(tellingLine([])).toBeUndefined();
  });
});
