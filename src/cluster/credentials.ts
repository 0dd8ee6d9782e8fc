/** Who we are to the API server: headers and client certificate, kept fresh, fetched once for all who wait. */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { ApiError } from '../domain/api-error.ts';
import { type PluginCredential, type PluginEnv, type RunOptions, runExecPlugin } from './exec-plugin.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export interface Login {
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** PEM texts that a plugin gave, instead of those of the kubeconfig. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface Credentials {
  /**
   * The login to use now. Concurrent callers share one fetch.
   *
   * @throws ApiError
   */
  current(): Promise<Login>;
  /** The server answered 401 to this login. True when asking again can bring another one. */
  drop(login: Login): boolean;
  /** Ends a running plugin. */
  close(): void;
}

interface Cached {
  readonly login: Login;
  /** On the monotonic clock; Infinity when nothing but a 401 ends it. */
  readonly freshUntil: number;
}

/** A token file is read again after a minute, as client-go does: Kubernetes rotates it. */
const TOKEN_FILE_MS = 60_000;
const MIN_USABLE_MS = 5_000;
/** Between two tries that bring nothing: hundreds of targets may wait, and each would start the plugin. */
const FAILED_MS = 5_000;

export function createCredentials(access: ClusterAccess, pluginEnv: PluginEnv, clock: Clock): Credentials {
  const stopping = new AbortController();
  let cached: Cached | undefined;
  let fetching: Promise<Cached> | undefined;
  let failed: { readonly error: unknown; readonly until: number } | undefined;
  let dropAgainAt = Number.NEGATIVE_INFINITY;

  async function current(): Promise<Login> {
    if (cached !== undefined && clock.monotonic() < cached.freshUntil) return cached.login;
    if (failed !== undefined && clock.monotonic() < failed.until) throw failed.error;
    fetching ??= fetchLogin(access, { env: pluginEnv, clock, signal: stopping.signal })
      .catch((error: unknown) => {
        failed = { error, until: clock.monotonic() + FAILED_MS };
        throw error;
      })
      .finally(() => {
        fetching = undefined;
      });
    cached = await fetching;
    return cached.login;
  }

  function drop(login: Login): boolean {
    // A late 401 to an older login must not cost the newer one.
    if (cached?.login !== login) return isRenewable(access);
    const now = clock.monotonic();
    if (now < dropAgainAt) return false;
    dropAgainAt = now + FAILED_MS;
    cached = undefined;
    return isRenewable(access);
  }

  return { current, drop, close: () => stopping.abort() };
}

function isRenewable({ user }: ClusterAccess): boolean {
  return user.exec !== undefined || user.tokenFile !== undefined || user.authProvider !== undefined;
}

/** In kubectl's order: what is written in the user comes before a token file, a plugin, the old providers. */
async function fetchLogin(access: ClusterAccess, options: RunOptions): Promise<Cached> {
  const { user } = access;
  const { clock } = options;
  const forever = Number.POSITIVE_INFINITY;
  if (user.tokenFile !== undefined) {
    const token = await readToken(user.tokenFile);
    return { login: bearer(access, token), freshUntil: clock.monotonic() + TOKEN_FILE_MS };
  }
  if (user.token !== undefined) return { login: bearer(access, user.token), freshUntil: forever };
  if (user.username !== undefined) {
    const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
    return { login: { headers: { authorization: `Basic ${basic}`, ...impersonation(access) } }, freshUntil: forever };
  }
  if (user.exec !== undefined) {
    const credential = await runExecPlugin(user.exec, access.cluster, options);
    return { login: loginOfPlugin(access, credential), freshUntil: clock.monotonic() + usableMs(credential, clock) };
  }
  if (user.authProvider !== undefined) {
    const authorization = await authorizationOfProvider(access);
    // The library caches and renews by itself; asking it again costs little.
    return { login: { headers: { authorization, ...impersonation(access) } }, freshUntil: 0 };
  }
  return { login: { headers: impersonation(access) }, freshUntil: forever };
}

function bearer(access: ClusterAccess, token: string): Login {
  return { headers: { authorization: `Bearer ${token}`, ...impersonation(access) } };
}

function impersonation({ user: { impersonate } }: ClusterAccess): Login['headers'] {
  if (impersonate === undefined) return {};
  const { user, groups } = impersonate;
  return { 'impersonate-user': user, ...(groups.length === 0 ? {} : { 'impersonate-group': [...groups] }) };
}

function loginOfPlugin(access: ClusterAccess, credential: PluginCredential): Login {
  const login = credential.token === undefined ? { headers: impersonation(access) } : bearer(access, credential.token);
  const { certificate, key } = credential;
  return certificate === undefined || key === undefined ? login : { ...login, certificate, key };
}

/** Renewed a minute before it ends, or after four fifths of a short life; judged once, so a moved clock does no harm. */
function usableMs(credential: PluginCredential, clock: Clock): number {
  if (credential.expiresAt === undefined) return Number.POSITIVE_INFINITY;
  const lifeMs = Math.max(0, credential.expiresAt - clock.now());
  // Never less than a few seconds: with a wrong clock every call would start the plugin.
  return Math.max(MIN_USABLE_MS, lifeMs - Math.min(60_000, lifeMs / 5));
}

async function readToken(file: string): Promise<string> {
  let token = '';
  try {
    token = (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new ApiError('unauthorized', `token file ${file}: ${why}`, { detail: why, cause });
  }
  if (token === '') throw new ApiError('unauthorized', `token file ${file}: empty`, { detail: 'empty' });
  return token;
}

async function authorizationOfProvider({ cluster, user, contextName }: ClusterAccess): Promise<string> {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: cluster.name, server: cluster.server, skipTLSVerify: cluster.skipTlsVerify }],
    users: [{ name: user.name, authProvider: user.authProvider }],
    contexts: [{ name: contextName, cluster: cluster.name, user: user.name }],
    currentContext: contextName,
  });
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new ApiError('unauthorized', `auth-provider of user "${user.name}" failed`, { cause });
  }
  const headers: unknown = options.headers;
  const authorization =
    typeof headers === 'object' && headers !== null && 'Authorization' in headers ? headers.Authorization : '';
  return typeof authorization === 'string' ? authorization : '';
}
