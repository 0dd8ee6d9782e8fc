/** An API server whose watches the test holds in its hands. */
import type { ServerResponse } from 'node:http';
import { eventually } from '../support/eventually.ts';
import { textAt } from '../support/json.ts';
import { type ApiServer, type Asked, sendJson, startApiServer } from './api-server.ts';

export interface OpenWatch {
  readonly asked: Asked;
  readonly isOpen: boolean;
  send(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR', object: unknown): void;
  /** With `endsList` it marks the end of the initial objects. */
  bookmark(resourceVersion: string, endsList?: boolean): void;
  raw(bytes: string | Uint8Array): void;
  /** In order, as after `timeoutSeconds`. */
  end(): void;
  /** As when a load balancer forgets the connection. */
  cut(): void;
}

export interface WatchServer extends AsyncDisposable {
  readonly api: ApiServer;
  /** Every watch ever opened, oldest first. */
  readonly watches: readonly OpenWatch[];
  readonly openWatches: number;
  /** The lists asked for. */
  readonly lists: number;
  /** Answers instead of a stream or a list where it returns true. */
  refuse: (asked: Asked, response: ServerResponse) => boolean;
  /** What a list answers. */
  items: readonly unknown[];
  /** The newest version of the data, as a list tells it; grows with what is sent. */
  version: number;
  /** The watch with this number, or of this collection, once it is open. */
  watch(which: number | string): Promise<OpenWatch>;
}

export async function startWatchServer(): Promise<WatchServer> {
  const watches: OpenWatch[] = [];
  let lists = 0;
  const grow = (version: string) => {
    server.version = Math.max(server.version, Number(version) || 0);
  };
  const api = await startApiServer((asked, response) => {
    if (server.refuse(asked, response)) return;
    if (asked.query.get('watch') === 'true') watches.push(openWatch(asked, response, grow));
    else {
      lists += 1;
      sendJson(response, { kind: 'List', metadata: { resourceVersion: String(server.version) }, items: server.items });
    }
  });
  const server: WatchServer = {
    api,
    watches,
    get openWatches() {
      return watches.filter((watch) => watch.isOpen).length;
    },
    get lists() {
      return lists;
    },
    refuse: () => false,
    items: [],
    version: 50,
    watch: (which) =>
      eventually(() =>
        typeof which === 'number'
          ? watches[which]
          : watches.findLast((watch) => watch.asked.path === which && watch.isOpen),
      ),
    [Symbol.asyncDispose]: () => api.stop(),
  };
  return server;
}

function openWatch(asked: Asked, response: ServerResponse, grow: (version: string) => void): OpenWatch {
  let isOpen = true;
  response.on('close', () => {
    isOpen = false;
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const raw = (bytes: string | Uint8Array) => response.write(bytes);
  const send = (type: string, object: unknown) => {
    grow(textAt(object, 'metadata', 'resourceVersion'));
    raw(`${JSON.stringify({ type, object })}\n`);
  };
  return {
    asked,
    get isOpen() {
      return isOpen;
    },
    send,
    bookmark(resourceVersion, endsList = false) {
      const annotations = endsList ? { 'k8s.io/initial-events-end': 'true' } : {};
      send('BOOKMARK', { kind: 'Deployment', metadata: { resourceVersion, annotations } });
    },
    raw,
    end: () => response.end(),
    cut: () => response.destroy(),
  };
}
