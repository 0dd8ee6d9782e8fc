import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts';

/** The API server of these tests: answers with what it was asked; a watch tells one line, then one more per `tick`. */
interface Upstream {
  readonly server: LoopbackServer;
  readonly received: { method: string; url: string; body: string; authorization: string | undefined }[];
  tick(line: string): void;
}

async function startUpstream(): Promise<Upstream> {
  const received: Upstream['received'] = [];
  const watchers = new Set<(line: string) => void>();
  const server = await startLoopbackServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const body = await text(request);
    received.push({ method, url, body, authorization: headers.authorization });
    if (!url.includes('watch=')) {
      response.setHeader('x-upstream', 'yes');
      response.writeHead(method === 'POST' ? 201 : 200).end(body || url);
      return;
    }
    response.writeHead(200).flushHeaders();
    const tell = (line: string) => response.write(`${line}\n`);
    watchers.add(tell);
    response.once('close', () => watchers.delete(tell));
  });
  return { server, received, tick: (line) => watchers.forEach((tell) => void tell(line)) };
}

let upstream: Upstream;
let proxy: RecordingProxy;

beforeEach(async () => {
  upstream = await startUpstream();
  proxy = await startRecordingProxy({ upstream: upstream.server.url });
});

afterEach(async () => {
  await proxy.stop();
  await upstream.server.stop();
});

/** Reads a watch line by line. */
async function openWatch(path: string) {
  const response = await fetch(proxy.url + path);
  if (response.body === null) throw new Error('a watch without a body');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  return { response, next: async () => (await reader.read()).value, cancel: () => reader.cancel() };
}

describe('passing on', () => {
  test('a request reaches the server unchanged, and its answer the client', async () => {
    const response = await fetch(`${proxy.url}/api/v1/pods?limit=5&a=%2F`, {
      method: 'POST',
      body: '{"a":"ä"}',
      headers: { authorization: 'Bearer mine' },
    });

    expect(response.status).toBe(201);
    expect(response.headers.get('x-upstream')).toBe('yes');
    expect(await response.text()).toBe('{"a":"ä"}');
    expect(upstream.received).toEqual([
      { method: 'POST', url: '/api/v1/pods?limit=5&a=%2F', body: '{"a":"ä"}', authorization: 'Bearer mine' },
    ]);
  });

  test('the record holds what was asked, what was answered, and when', async () => {
    await fetch(`${proxy.url}/apis/apps/v1?fieldManager=x`, {
      method: 'PATCH',
      body: '[]',
      headers: { 'content-type': 'application/json-patch+json' },
    });

    const [entry] = proxy.requests;
    await eventually(() => entry?.endedAt !== undefined);
    expect(entry).toMatchObject({
      id: 1,
      connection: 1,
      method: 'PATCH',
      path: '/apis/apps/v1',
      body: '[]',
      status: 200,
    });
    expect(entry?.query.get('fieldManager')).toBe('x');
    expect(entry?.headers['content-type']).toBe('application/json-patch+json');
    expect(entry?.endedAt).toBeGreaterThanOrEqual(entry?.startedAt ?? 0);
  });

  test('a token is put in only where the client brings none', async () => {
    await using signedIn = await startRecordingProxy({ upstream: upstream.server.url, token: 'from-proxy' });

    await fetch(signedIn.url);
    await fetch(signedIn.url, { headers: { authorization: 'Bearer own' } });

    expect(upstream.received.map(({ authorization }) => authorization)).toEqual(['Bearer from-proxy', 'Bearer own']);
  });

  test('a watch is streamed as it comes, and closed at the server when the client leaves', async () => {
    const watch = await openWatch('/pods?watch=true');
    upstream.tick('one');
    expect(await watch.next()).toBe('one\n');
    upstream.tick('two');
    expect(await watch.next()).toBe('two\n');
    expect(proxy.requests[0]).toMatchObject({ isWatch: true, status: 200 });
    expect(proxy.requests[0]?.endedAt).toBeUndefined();

    await watch.cancel();

    await eventually(() => proxy.requests[0]?.endedAt !== undefined);
  });

  test('client connections are counted', async () => {
    const watches = [1, 2, 3].map(() => httpRequest(`${proxy.url}/pods?watch=true`, { agent: false }).end());
    await eventually(() => proxy.requests.length === 3);
    expect(proxy.connections).toEqual({ opened: 3, open: 3, peak: 3 });

    for (const watch of watches) watch.on('error', () => undefined).destroy();

    await eventually(() => proxy.connections.open === 0);
    expect(proxy.connections).toEqual({ opened: 3, open: 0, peak: 3 });
  });
});

describe('faults', () => {
  test('delay passes the request on later', async () => {
    proxy.fault({ match: () => true, action: { kind: 'delay', ms: 30 } });

    const response = await fetch(`${proxy.url}/a`);

    expect(await response.text()).toBe('/a');
    expect(proxy.requests[0]?.fault).toBe('delay');
  });

  test('hold keeps requests until they are released', async () => {
    const fault = proxy.fault({ match: ({ path }) => path === '/a', action: { kind: 'hold' } });
    const held = fetch(`${proxy.url}/a`);
    await eventually(() => fault.held === 1);
    expect(await (await fetch(`${proxy.url}/b`)).text()).toBe('/b');
    expect(upstream.received).toHaveLength(1);

    fault.release();

    expect(await (await held).text()).toBe('/a');
    expect(fault).toMatchObject({ hits: 1, held: 0 });
  });

  test('a held request reaches the server even when its client has given up', async () => {
    const fault = proxy.fault({ match: () => true, action: { kind: 'hold' } });
    // Not fetch: its pool may open a fresh connection for the one that is given up.
    const asked = httpRequest(`${proxy.url}/late`, { method: 'POST', agent: false });
    asked.on('error', () => undefined).end('x');
    await eventually(() => fault.held === 1);
    asked.destroy();
    await eventually(() => proxy.connections.open === 0);

    fault.release();

    await eventually(() => upstream.received.length === 1);
  });

  test('refuse resets the connection and the server sees nothing', async () => {
    proxy.fault({ match: () => true, action: { kind: 'refuse' } });

    await expect(fetch(proxy.url)).rejects.toThrow();

    expect(upstream.received).toEqual([]);
  });

  test('answer speaks in the place of the server', async () => {
    proxy.fault({ match: () => true, action: { kind: 'answer', status: 429, headers: { 'retry-after': '7' } } });

    const response = await fetch(proxy.url);

    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toMatchObject({ kind: 'Status', reason: 'TooManyRequests', code: 429 });
    expect(upstream.received).toEqual([]);
  });

  test('lose-reply lets the server act and the client wonder', async () => {
    proxy.fault({ match: () => true, action: { kind: 'lose-reply' } });

    await expect(fetch(proxy.url, { method: 'POST', body: 'x' })).rejects.toThrow();

    expect(upstream.received).toMatchObject([{ method: 'POST', body: 'x' }]);
    expect(proxy.requests[0]).toMatchObject({ status: 201, fault: 'lose-reply' });
  });

  test('duplicate sends the request a second time, later', async () => {
    proxy.fault({ match: () => true, action: { kind: 'duplicate', afterMs: 20 }, times: 1 });

    const response = await fetch(proxy.url, { method: 'PATCH', body: 'x' });

    expect(response.status).toBe(200);
    await eventually(() => upstream.received.length === 2);
    expect(upstream.received[1]).toEqual(upstream.received[0]);
    expect(proxy.requests[1]).toMatchObject({ id: 2, duplicateOf: 1 });
  });

  test('cut ends a watch with a reset, or cleanly', async () => {
    const hard = proxy.fault({ match: ({ isWatch }) => isWatch, action: { kind: 'cut', afterMs: 20 } });
    const torn = await openWatch('/pods?watch=1');
    await expect(torn.next()).rejects.toThrow();
    hard.remove();
    proxy.fault({ match: ({ isWatch }) => isWatch, action: { kind: 'cut', afterMs: 20, clean: true } });

    const ended = await openWatch('/pods?watch=1');

    expect(await ended.next()).toBeUndefined();
  });

  test('stall keeps a watch open and silent', async () => {
    proxy.fault({ match: () => true, action: { kind: 'stall', afterMs: 0 } });
    const watch = await openWatch('/pods?watch=1');
    let told = false;
    const next = watch.next().then(() => {
      told = true;
    });
    // A second, unspoilt watch shows that the server has spoken.
    proxy.heal();
    const witness = await openWatch('/pods?watch=1');
    upstream.tick('unheard');
    expect(await witness.next()).toBe('unheard\n');

    expect(told).toBe(false);
    expect(proxy.requests[0]?.endedAt).toBeUndefined();

    await watch.cancel();
    await witness.cancel();
    await next;
  });

  test('black-hole neither asks nor answers', async () => {
    const fault = proxy.fault({ match: () => true, action: { kind: 'black-hole' } });
    const impatient = new AbortController();
    const asked = fetch(proxy.url, { signal: impatient.signal });
    await eventually(() => fault.hits === 1);

    impatient.abort();

    await expect(asked).rejects.toThrow();
    await eventually(() => proxy.requests[0]?.endedAt !== undefined);
    expect(upstream.received).toEqual([]);
  });

  test('a rule with times ends by itself, and the first of several matching rules counts', async () => {
    proxy.fault({ match: () => true, action: { kind: 'answer', status: 503 }, times: 2 });
    proxy.fault({ match: () => true, action: { kind: 'answer', status: 500 }, times: 1 });

    const statuses: number[] = [];
    for (let asked = 0; asked < 4; asked += 1) statuses.push((await fetch(proxy.url)).status);

    expect(statuses).toEqual([503, 503, 500, 200]);
  });

  test('an unreachable proxy refuses connections and comes back on the same port', async () => {
    await proxy.setReachable(false);
    await expect(fetch(proxy.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });

    await proxy.setReachable(true);

    expect((await fetch(proxy.url)).status).toBe(200);
  });

  test('a server that is gone shows as a reset connection', async () => {
    await upstream.server.stop();

    await expect(fetch(proxy.url)).rejects.toThrow();
  });
});
