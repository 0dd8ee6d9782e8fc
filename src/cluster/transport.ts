/** The connections to the API server: few, kept alive, and made anew when certificates change or one goes silent. */
import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Clock } from '../clock.ts';
import { ApiError } from '../domain/api-error.ts';
import type { Login } from './credentials.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import type { Pem } from './kubeconfig-file.ts';

/** Ordinary calls and watches do not share connections: over HTTP/1.1 eight watches would leave no room for a call. */
export interface Agents {
  readonly calls: Dispatcher;
  readonly watches: Dispatcher;
}

export interface Transport {
  /**
   * The agents for this login. Certificate files are looked at again once a minute.
   *
   * @throws ApiError
   */
  agents(login: Login): Promise<Agents>;
  /** Gives these agents up: later calls connect anew, running ones may finish. */
  retire(agents: Agents): void;
  /** Open connections, watches included. */
  readonly connections: number;
  /** Cuts off what is under way, and refuses what comes later, with this reason. */
  close(reason: ApiError): Promise<void>;
}

/**
 * For ordinary calls; watches have theirs beside them. Over HTTP/2, which every API server speaks, one is enough for a
 * hundred calls at once. Behind a proxy that speaks only HTTP/1.1, each call needs one to itself: four keep the passes
 * going, and make seven with a watch of Deployments and the two of a namespace with rollouts.
 */
const MAX_CONNECTIONS = 4;
const CERTIFICATES_MS = 60_000;
/** Below the 60 s after which common load balancers forget an idle connection. */
const KEEP_ALIVE_MS = 30_000;

interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

interface Generation extends Agents {
  readonly material: string;
  readonly lookAgainAt: number;
}

export function createTransport(access: ClusterAccess, clock: Clock): Transport {
  let generation: Generation | undefined;
  let loading: Promise<Generation> | undefined;
  let closedFor: ApiError | undefined;
  /** Of all agents, also of those that were given up. */
  const open = new Set<Dispatcher>();
  const closing = new Set<Promise<void>>();

  async function agents(login: Login): Promise<Agents> {
    const current = generation;
    if (current !== undefined && clock.monotonic() < current.lookAgainAt && isFor(current, login)) return current;
    loading ??= load(login).finally(() => {
      loading = undefined;
    });
    return loading;
  }

  async function load(login: Login): Promise<Generation> {
    const tls = await readTls(access, login);
    if (closedFor !== undefined) throw closedFor;
    const material = JSON.stringify(tls);
    const lookAgainAt = clock.monotonic() + CERTIFICATES_MS;
    if (generation?.material === material) {
      generation = { ...generation, lookAgainAt };
      return generation;
    }
    const calls = track(createAgent(access, tls, MAX_CONNECTIONS));
    const watches = track(createAgent(access, tls, undefined));
    const previous = generation;
    generation = { calls, watches, material, lookAgainAt };
    if (previous !== undefined) finish(previous);
    return generation;
  }

  function track<T extends Dispatcher>(agent: T): T {
    // The last of the targets is the connection itself.
    agent.on('connect', (_origin, targets) => open.add(targets.at(-1) ?? agent));
    agent.on('disconnect', (_origin, targets) => open.delete(targets.at(-1) ?? agent));
    return agent;
  }

  /** Running calls finish; a watch on an old agent ends at its own time. */
  function finish({ calls, watches }: Agents): void {
    const closed = Promise.all([calls.close(), watches.close()]).then(
      () => {},
      () => {},
    );
    closing.add(closed);
    void closed.then(() => closing.delete(closed));
  }

  return {
    agents,
    retire(agents) {
      if (generation?.calls !== agents.calls) return;
      generation = undefined;
      finish(agents);
    },
    get connections() {
      return open.size;
    },
    async close(reason) {
      const last = generation;
      generation = undefined;
      closedFor = reason;
      if (last !== undefined) await Promise.all([last.calls.destroy(reason), last.watches.destroy(reason)]);
      // An agent that was given up no longer knows what still runs on it.
      await Promise.all([...open].map((connection) => connection.destroy(reason)));
      await Promise.all(closing);
    },
  };
}

/** A plugin's client certificate is part of the material; every other login uses the one of the kubeconfig. */
function isFor(generation: Generation, login: Login): boolean {
  return login.certificate === undefined || generation.material.includes(JSON.stringify(login.certificate));
}

/** `proxy-url` is obeyed; `HTTPS_PROXY` of the environment is not. */
function createAgent({ cluster }: ClusterAccess, tls: TlsOptions, connections: number | undefined): Dispatcher {
  const shared = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Each call has its own deadline, and a watch may be silent for a minute.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(connections === undefined ? {} : { connections }),
  };
  if (cluster.proxyUrl !== undefined) return new ProxyAgent({ ...shared, uri: cluster.proxyUrl, requestTls: tls });
  return new Agent({ ...shared, connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 } });
}

async function readTls({ cluster, user }: ClusterAccess, login: Login): Promise<TlsOptions> {
  const [ca, cert, key] = await Promise.all([
    readPem('certificate-authority', cluster.ca),
    login.certificate ?? readPem('client-certificate', user.certificate),
    login.key ?? readPem('client-key', user.key),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
    ...(cluster.skipTlsVerify ? { rejectUnauthorized: false } : {}),
  };
}

async function readPem(what: string, pem: Pem | undefined): Promise<string | undefined> {
  if (pem === undefined) return undefined;
  if ('text' in pem) return pem.text;
  try {
    return await readFile(pem.file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new ApiError('unreachable', `${what} ${pem.file}: ${why}`, { detail: why, cause });
  }
}
