/** The recording proxy's other side: requests to the API server over few, kept connections. */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ProxyRequest } from './proxy-faults.ts';

export interface Upstream {
  /** Settles with the head of the answer; its body is still to be read. */
  send(request: ProxyRequest, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
}

/** `token` is put into requests that bring none; the certificate of an https server is not checked. */
export function createUpstream(url: string, token?: string): Upstream {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, rejectUnauthorized: false })
    : new HttpAgent({ keepAlive: true });
  const ask = secure ? httpsRequest : httpRequest;

  const send = (request: ProxyRequest, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { method, body, target: path } = request;
      const headers = withoutHopByHop(request.headers);
      if (token !== undefined) headers.authorization ??= `Bearer ${token}`;
      // The whole body is at hand, so its length is known even when the client sent it in chunks.
      if (body !== '') headers['content-length'] = String(Buffer.byteLength(body));
      const sent = ask({ hostname, port, path, method, headers, agent, signal }, resolve);
      sent.once('error', reject);
      sent.end(body);
    });
  return { send, close: () => agent.destroy() };
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host'];

/** A copy without the headers that speak of one connection only. */
export function withoutHopByHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}
