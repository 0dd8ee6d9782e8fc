/** The part of a kubelet's HTTPS API that `kubectl logs` reaches through the API server. */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { listenOnLoopback } from './loopback-port.ts';
import type { PodPlayer } from './pod-player.ts';

export interface KubeletServer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface KubeletServerOptions {
  readonly certificateDir: string;
  readonly playerOf: (namespace: string, pod: string) => PodPlayer | undefined;
}

/** `/containerLogs/<namespace>/<pod>/<container>?previous=true&tailLines=5&timestamps=true` */
const LOGS_PATH = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/;

export async function startKubeletServer({ certificateDir, playerOf }: KubeletServerOptions): Promise<KubeletServer> {
  const cert = readFileSync(`${certificateDir}/apiserver.crt`);
  const key = readFileSync(`${certificateDir}/apiserver.key`);
  const server = createServer({ cert, key }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://kubelet');
    const [, namespace = '', pod = '', container = ''] = LOGS_PATH.exec(pathname) ?? [];
    const player = playerOf(namespace, pod);
    if (player === undefined) {
      response.writeHead(404).end(`pod ${pod} not found`);
      return;
    }
    answerLogs(response, player, container, searchParams);
  });
  return {
    port: await listenOnLoopback(server),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerLogs(response: ServerResponse, player: PodPlayer, container: string, query: URLSearchParams): void {
  const tailLines = query.get('tailLines');
  const logs = player.logs({
    container,
    previous: query.get('previous') === 'true',
    tailLines: tailLines === null ? undefined : Number(tailLines),
  });
  if (logs.kind === 'refused') {
    response.writeHead(400).end(logs.message);
    return;
  }
  const stamped = query.get('timestamps') === 'true';
  const text = logs.lines.map((line) => `${stamped ? `${line.at} ` : ''}${line.text}\n`).join('');
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.end(text.slice(0, Number(query.get('limitBytes') ?? text.length)));
}
