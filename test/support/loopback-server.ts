/** An HTTP server on a free loopback port that can be told to vanish, and stops without waiting for its clients. */
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { listenOnLoopback } from './loopback-port.ts';

export interface LoopbackServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Number of a connection, from 1 in the order of opening. */
  connectionId(socket: Socket): number;
  readonly connections: ConnectionCounts;
  /** `false` closes the port and resets every connection, as a server that is down; `true` opens the same port again. */
  setReachable(reachable: boolean): Promise<void>;
  stop(): Promise<void>;
}

export interface ConnectionCounts {
  readonly opened: number;
  readonly open: number;
  /** The most that were open at the same time. */
  readonly peak: number;
}

export async function startLoopbackServer(serve: RequestListener): Promise<LoopbackServer> {
  // keepAliveTimeout 0: an idle connection closed at the wrong moment would be a fault no test asked for.
  const server = createServer({ keepAliveTimeout: 0 }, serve);
  const ids = new WeakMap<Socket, number>();
  const sockets = new Set<Socket>();
  let opened = 0;
  let peak = 0;

  server.on('connection', (socket) => {
    opened += 1;
    ids.set(socket, opened);
    sockets.add(socket);
    peak = Math.max(peak, sockets.size);
    socket.once('close', () => sockets.delete(socket));
  });
  const port = await listenOnLoopback(server);

  const close = async () => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    connectionId: (socket) => ids.get(socket) ?? 0,
    get connections() {
      return { opened, open: sockets.size, peak };
    },
    setReachable: async (reachable) => {
      if (!reachable) await close();
      else if (!server.listening) await listenOnLoopback(server, port);
    },
    stop: close,
  };
}

/** Epoch milliseconds with a fraction, so that records of different servers in one test can be put in order. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
