/** The way to the API server: its address, our login and the connections; taken from the kubeconfig anew when it fails. */
import type { Clock } from '../clock.ts';
import { ApiError, type ApiErrorKind } from '../domain/api-error.ts';
import { type Credentials, createCredentials } from './credentials.ts';
import type { PluginEnv } from './exec-plugin.ts';
import { type ClusterAccess, KubeconfigError } from './kubeconfig.ts';
import { createTransport, type Transport } from './transport.ts';

export interface Route {
  readonly server: string;
  /** What comes before the path of a request. */
  readonly base: string;
  readonly credentials: Credentials;
  readonly transport: Transport;
}

export interface Routes {
  readonly current: Route;
  /**
   * Takes in that a call failed. True when it was about a route that is not the current one, or the kubeconfig shows
   * another one by now.
   */
  failed(route: Route, error: ApiError): boolean;
  close(): Promise<void>;
}

export interface RouteOptions {
  readonly access: ClusterAccess;
  /** Reads the kubeconfig again; throws a `KubeconfigError`. */
  readonly reload: (() => ClusterAccess) | undefined;
  readonly pluginEnv: PluginEnv;
  readonly clock: Clock;
}

/** Between two readings while nothing gets through. */
const RELOAD_GAP_MS = 5_000;

export function createRoutes({ access, reload, pluginEnv, clock }: RouteOptions): Routes {
  // As it was read: an auth-provider of the library writes its renewed tokens into the object.
  let known = JSON.stringify(access);
  let current = open(access);
  let reloadAt = Number.NEGATIVE_INFINITY;
  const closing = new Set<Promise<void>>();

  function open(to: ClusterAccess): Route {
    const { server } = to.cluster;
    const { origin, pathname } = new URL(server);
    return {
      server,
      base: `${origin}${pathname === '/' ? '' : pathname}`,
      credentials: createCredentials(to, pluginEnv, clock),
      transport: createTransport(to, clock),
    };
  }

  function failed(route: Route, error: ApiError): boolean {
    if (route !== current) return true;
    const now = clock.monotonic();
    if (!mayBeOutdated(error) || now < reloadAt) return false;
    reloadAt = now + RELOAD_GAP_MS;
    const next = readAgain();
    if (next === undefined || JSON.stringify(next) === known) return false;
    known = JSON.stringify(next);
    current = open(next);
    // What is cut off here starts over: another server counts its versions in its own way.
    const closed = close(route, endOf('gone', 'the kubeconfig names another way to the cluster')).finally(() =>
      closing.delete(closed),
    );
    closing.add(closed);
    return true;
  }

  /** Undefined while the file is not in order, as when somebody is writing it: the present route stays. */
  function readAgain(): ClusterAccess | undefined {
    try {
      return reload?.();
    } catch (error) {
      if (error instanceof KubeconfigError) return undefined;
      throw error;
    }
  }

  return {
    get current() {
      return current;
    },
    failed,
    async close() {
      await Promise.all([close(current, endOf('unreachable', 'closed by us')), ...closing]);
    },
  };
}

function endOf(kind: ApiErrorKind, detail: string): ApiError {
  return new ApiError(kind, detail, { detail });
}

async function close({ credentials, transport }: Route, reason: ApiError): Promise<void> {
  credentials.close();
  await transport.close(reason);
}

/** The server is somewhere else, has another certificate, or does not know us any more. */
function mayBeOutdated({ kind }: ApiError): boolean {
  return kind === 'unreachable' || kind === 'unauthorized';
}
