import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { TargetEvent } from '../../src/domain/event.ts';
import type { OutboxProblem } from '../../src/notify/outbox.ts';
import { createSlackPost, createSlackSink, type SlackSink } from '../../src/notify/slack.ts';
import { readBounded } from '../../src/state/bounded-read.ts';
import { writeDurably } from '../../src/state/durable.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

let slack: SlackServer;
let folder: TempDir;
let problems: OutboxProblem[];
let sinks: SlackSink[];

beforeEach(async () => {
  slack = await startSlackServer();
  folder = await createTempDir();
  problems = [];
  sinks = [];
});

afterEach(async () => {
  for (const sink of sinks) await sink.stop(0);
  await slack.stop();
  await folder.remove();
});

function openSink(clock = systemClock, timeoutMs?: number): SlackSink {
  const sink = createSlackSink({
    webhook: slack.url,
    dir: folder.file('outbox'),
    read: readBounded,
    write: writeDurably,
    clock,
    onProblem: (problem) => problems.push(problem),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  sinks.push(sink);
  return sink;
}

const event = (id: string): TargetEvent => ({
  kind: 'target',
  id,
  what: 'failed',
  service: 'web',
  namespace: 'prod',
  version: id,
  image: `registry.example/web:${id}`,
  summary: `web/prod ${id} failed`,
  cause: 'container web exits with code 1',
  evidence: [],
  at: 0,
});

const moduleUrl = (path: string) => new URL(`../../src/${path}`, import.meta.url).href;

const post = (payload: unknown = { text: 'hello' }, timeoutMs = 10_000) =>
  createSlackPost(slack.url, timeoutMs, systemClock)(payload, new AbortController().signal);

/** The versions people see in the channel, in order. */
const told = () =>
  slack.accepted.map(({ body }) => JSON.stringify(body).match(/"Version","value":"([^"]*)"/)?.[1] ?? '?');

test('an event arrives as one attachment', async () => {
  const sink = openSink();
  await sink.start();

  await sink.put(event('1.25.0'));
  await eventually(() => slack.accepted.length === 1);

  expect(slack.accepted[0]?.body).toEqual({
    attachments: [expect.objectContaining({ color: 'danger', title: '❌ Deployment Failed' })],
  });
});

test('what is for the log only is not put', async () => {
  const sink = openSink();

  await sink.put({ ...event('1'), what: 'progress' });

  expect(sink.depth).toBe(0);
});

test('events told while Slack is away arrive in order when it is back', async () => {
  const clock = createManualClock();
  const sink = openSink(clock);
  await slack.setReachable(false);
  await sink.start();
  for (const id of ['1', '2', '3']) await sink.put(event(id));
  await eventually(() => problems.some(({ kind }) => kind === 'delayed'));

  await slack.setReachable(true);
  await eventually(() => {
    clock.advance(1000);
    return slack.accepted.length === 3;
  });

  expect(told()).toEqual(['1', '2', '3']);
  await eventually(() => problems.map(({ kind }) => kind).join() === 'delayed,resumed');
});

test('a restart while Slack fails loses and doubles nothing', async () => {
  slack.respondWith({ kind: 'error', status: 500 });
  const before = openSink();
  await before.start();
  for (const id of ['1', '2']) await before.put(event(id));
  await eventually(() => slack.posts.length > 0);
  await before.stop(0);

  slack.respondWith({ kind: 'ok' });
  const after = openSink();
  await after.start();
  await after.put(event('2'));
  await after.put(event('3'));
  await eventually(() => after.depth === 0);

  expect(told()).toEqual(['1', '2', '3']);
});

test('a kill in the middle loses no event that was put, and the order stays', async () => {
  const sent = Array.from({ length: 8 }, (_, index) => `v${index}`);
  const script = `
    const { createSlackSink } = await import(${JSON.stringify(moduleUrl('notify/slack.ts'))});
    const { readBounded } = await import(${JSON.stringify(moduleUrl('state/bounded-read.ts'))});
    const { writeDurably } = await import(${JSON.stringify(moduleUrl('state/durable.ts'))});
    const { systemClock } = await import(${JSON.stringify(moduleUrl('clock.ts'))});
    const sink = createSlackSink({
      webhook: ${JSON.stringify(slack.url)},
      dir: ${JSON.stringify(folder.file('outbox'))},
      read: readBounded,
      write: writeDurably,
      clock: systemClock,
      onProblem: console.error,
    });
    await sink.start();
    for (const version of ${JSON.stringify(sent)}) {
      await sink.put({ ...${JSON.stringify(event(''))}, id: version, version });
    }
    setInterval(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await eventually(() => slack.accepted.length >= 2);
  await eventually(async () => (await readdir(folder.file('outbox'))).includes('0000000000000008.json'));
  child.kill('SIGKILL');
  await exited;

  const clock = createManualClock();
  const sink = openSink(clock);
  await sink.start();
  await eventually(() => {
    clock.advance(1000);
    return sink.depth === 0;
  });

  // What was on its way when the process died is told twice: a webhook cannot be asked whether it heard.
  expect(told().filter((version, index, all) => version !== all[index - 1])).toEqual(sent);
  expect(told().length).toBeLessThanOrEqual(sent.length + 1);
});

test('the wait Slack asks for is told on', async () => {
  slack.respondWith({ kind: 'rate-limited', retryAfterSeconds: 30 });

  expect(await post()).toEqual({ kind: 'retry', reason: 'HTTP 429 rate_limited', afterMs: 30_000 });
});

test.each([302, 500, 502, 503, 408])('status %d may pass', async (status) => {
  slack.respondWith({ kind: 'error', status, body: 'sorry' });

  expect(await post()).toEqual({ kind: 'retry', reason: `HTTP ${status} sorry` });
});

const REVOKED = '; the webhook may be revoked, set WEBHOOK_FOR_SLACK anew';

test.each([
  [400, 'invalid_payload', ''],
  [403, 'action_prohibited', REVOKED],
  [404, 'no_service', REVOKED],
  [410, 'channel_is_archived', REVOKED],
])('status %d %s is final', async (status, body, hint) => {
  slack.respondWith({ kind: 'error', status, body });

  expect(await post()).toEqual({ kind: 'dead', reason: `HTTP ${status} ${body}${hint}` });
});

test('a web page with status 200 is not a delivery', async () => {
  slack.respondWith({ kind: 'error', status: 200, body: '\n<!doctype html><title>Log in</title>' });

  expect(await post()).toEqual({ kind: 'retry', reason: expect.stringContaining('a web page answers') });
});

test('a server that says nothing is left after the time-out', async () => {
  slack.respondWith({ kind: 'hang' });

  expect(await post({ text: 'hello' }, 50)).toEqual({ kind: 'retry', reason: 'no answer in time' });
});

test('a reset connection may pass', async () => {
  slack.respondWith({ kind: 'drop' });

  expect(await post()).toEqual({ kind: 'retry', reason: expect.stringMatching(/^no answer \(/) });
});

test('a refused connection may pass', async () => {
  await slack.setReachable(false);

  expect(await post()).toEqual({ kind: 'retry', reason: 'no answer (ECONNREFUSED)' });
});

test('a post is given up when the sink stops', async () => {
  slack.respondWith({ kind: 'hang' });
  const sink = openSink();
  await sink.start();
  await sink.put(event('1'));
  await eventually(() => slack.posts.length === 1);

  await sink.stop(20);

  expect(sink.depth).toBe(1);
  expect(problems).toEqual([]);
});

test('the webhook is in no result, problem or file, whatever goes wrong', async () => {
  const secret = new URL(slack.url).pathname;
  const results: unknown[] = [];
  const echo = `${'.'.repeat(80)}invalid ${slack.url} ${secret}`;
  for (const status of [400, 429, 500]) {
    slack.respondWith({ kind: 'error', status, body: echo });
    results.push(await post());
  }
  slack.respondWith({ kind: 'hang' });
  results.push(await post({ text: 'hello' }, 50));
  slack.respondWith({ kind: 'drop' });
  results.push(await post());
  for (const webhook of [`not a url ${secret}`, `http://[::1${secret}`, `ftp://x${secret}`, `http://u:p@h${secret}`]) {
    results.push(await createSlackPost(webhook, 50, systemClock)({}, new AbortController().signal));
  }
  slack.respondWith({ kind: 'error', status: 400, body: echo }, 1);
  const sink = openSink();
  await sink.start();
  await sink.put(event('1'));
  await sink.put(event('2'));
  await eventually(() => sink.depth === 0);

  const names = await readdir(folder.path, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map((name) => join(name.parentPath, name.name));
  const written = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const everything = JSON.stringify([results, problems, files, written]);
  expect(written.length).toBeGreaterThan(1);
  expect(everything).not.toContain(secret);
  expect(everything).not.toContain('XXXXXXXX');
});
