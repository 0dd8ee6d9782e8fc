import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type SlackServer, startSlackServer } from './slack-server.ts';

let slack: SlackServer;

beforeEach(async () => {
  slack = await startSlackServer();
});

afterEach(() => slack.stop());

function post(text: string, signal?: AbortSignal): Promise<Response> {
  const init = { method: 'POST', body: JSON.stringify({ text }), headers: { 'content-type': 'application/json' } };
  return fetch(slack.url, signal === undefined ? init : { ...init, signal });
}

test('a post is kept with its text and answered as Slack answers', async () => {
  const response = await post('deployed');

  expect(response.status).toBe(200);
  expect(await response.text()).toBe('ok');
  expect(slack.posts).toMatchObject([{ text: 'deployed', body: { text: 'deployed' }, status: 200 }]);
  expect(slack.url.endsWith(slack.posts[0]?.path ?? '')).toBe(true);
});

test('the text of a message made of attachments is their fallback', async () => {
  const body = JSON.stringify({ attachments: [{ fallback: 'web 1.2.3 is deployed', color: 'good' }] });

  await fetch(slack.url, { method: 'POST', body });

  expect(slack.posts).toMatchObject([{ text: 'web 1.2.3 is deployed' }]);
});

test('bad days last for the posts they were ordered for', async () => {
  slack.respondWith({ kind: 'rate-limited', retryAfterSeconds: 3 }, 1);
  const limited = await post('one');
  slack.respondWith({ kind: 'error', status: 400, body: 'invalid_payload' }, 1);
  const refused = await post('two');
  const accepted = await post('three');

  expect(limited.status).toBe(429);
  expect(limited.headers.get('retry-after')).toBe('3');
  expect(await refused.text()).toBe('invalid_payload');
  expect(accepted.status).toBe(200);
  expect(slack.posts.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  expect(slack.accepted.map(({ text }) => text)).toEqual(['three']);
});

test('it can drop and hang', async () => {
  slack.respondWith({ kind: 'drop' }, 1);
  await expect(post('lost')).rejects.toThrow();
  slack.respondWith({ kind: 'hang' });
  const impatient = new AbortController();
  const hanging = post('waiting', impatient.signal);
  await eventually(() => slack.posts.length === 2);

  impatient.abort();

  await expect(hanging).rejects.toThrow();
  expect(slack.accepted).toEqual([]);
});
