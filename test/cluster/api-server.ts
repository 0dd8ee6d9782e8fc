/** A small HTTP server that answers like an API server: tests say what, it keeps what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Certificate } from './certificate.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Every request so far, oldest first. */
  readonly asked: readonly Asked[];
  /** How many connections were ever made, and how many are open. */
  readonly connected: { readonly ever: number; readonly now: number };
  /** Answers from now on; the server's state is the test's. */
  answer: (asked: Asked, response: ServerResponse) => void | Promise<void>;
  stop(): Promise<void>;
}

export interface TlsSettings {
  readonly certificate: Certificate;
  /** Default true; HTTP/1.1 is spoken in any case. */
  readonly http2?: boolean;
  /** Only clients with a certificate of this authority may connect. */
  readonly clientCa?: string;
}

/** With a certificate it speaks TLS with HTTP/2 and HTTP/1.1, as a real one does; else plain HTTP/1.1. */
export async function startApiServer(answer: ApiServer['answer'], tls?: TlsSettings): Promise<ApiServer> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let ever = 0;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    void text(request).then(async (body) => {
      const url = new URL(request.url ?? '/', 'http://server');
      const { method = '', headers } = request;
      const entry = { method, url: request.url ?? '', path: url.pathname, query: url.searchParams, headers, body };
      asked.push(entry);
      await api.answer(entry, response);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on('connection', (socket: Socket) => {
    ever += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const api: ApiServer = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    asked,
    get connected() {
      return { ever, now: sockets.size };
    },
    answer,
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return api;
}

function createTlsServer(
  { certificate, http2 = true, clientCa }: TlsSettings,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true };
  const options = { cert: certificate.cert, key: certificate.key, allowHTTP1: true, ...clients };
  const server = createSecureServer(http2 ? options : { ...options, ALPNProtocols: ['http/1.1'] });
  // The two kinds of request differ in nothing these tests use.
  server.on('request', listener as unknown as Parameters<typeof server.on>[1] & RequestListener);
  return server;
}

export function sendJson(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** The API's way to say no. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  details: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) {
  sendJson(
    response,
    { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code },
    code,
    headers,
  );
}
