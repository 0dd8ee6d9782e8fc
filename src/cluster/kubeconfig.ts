/** Finding the cluster: which files say so, in which order, and which context is meant. No network. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { errnoOf } from '../domain/errno.ts';
import { type ClusterEntry, type KubeconfigFile, parseKubeconfigFile, type UserEntry } from './kubeconfig-file.ts';

export interface KubeconfigSource {
  /** The value of `KUBECONFIG`: one file, or several separated by `:`; the first to name a thing wins. */
  readonly kubeconfig?: string;
  /** Instead of the file's `current-context`. */
  readonly context?: string;
  /** The folder that holds `.kube/config`. */
  readonly home?: string;
  /** Where `/var/run/secrets/…` of the pod is looked for; empty but in tests. */
  readonly serviceAccountRoot?: string;
}

/** Everything needed to talk to one API server. */
export interface ClusterAccess {
  readonly contextName: string;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
}

/** The kubeconfig cannot be used; the message lists what is wrong with which file. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * `KUBECONFIG`, else `~/.kube/config`, else the pod's service account.
 *
 * @throws KubeconfigError
 */
export function loadClusterAccess(source: KubeconfigSource): ClusterAccess {
  const listed = (source.kubeconfig ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return accessFromFiles(listed, source.context);
  const own = source.home === undefined ? undefined : join(source.home, '.kube', 'config');
  if (own !== undefined && existsSync(own)) return accessFromFiles([own], source.context);
  const root = source.serviceAccountRoot ?? '';
  if (existsSync(join(root, SERVICE_ACCOUNT, 'token'))) return accessFromPod(root);
  throw new KubeconfigError(
    `no cluster is configured: KUBECONFIG is not set, ${own ?? '~/.kube/config'} does not exist, ` +
      `and this is not a pod (no ${SERVICE_ACCOUNT}/token); set KUBECONFIG to a kubeconfig file`,
  );
}

function accessFromFiles(files: readonly string[], wanted: string | undefined): ClusterAccess {
  const config = mergeFiles(files);
  const from = files.join(', ');
  const contextName = wanted ?? config.currentContext;
  const known = config.contexts.map((context) => context.name).join(', ') || 'none';
  if (contextName === '') {
    throw new KubeconfigError(`${from}: no current-context; set KUBE_CONTEXT to one of: ${known}`);
  }
  const context = config.contexts.find((entry) => entry.name === contextName);
  if (context === undefined) {
    throw new KubeconfigError(`${from}: there is no context "${contextName}"; there are: ${known}`);
  }
  const cluster = config.clusters.find((entry) => entry.name === context.cluster);
  const user = config.users.find((entry) => entry.name === context.user);
  const problems: string[] = [];
  if (cluster === undefined)
    problems.push(`context "${contextName}" names the cluster "${context.cluster}", which is not there`);
  else problems.push(...clusterProblems(cluster));
  if (user === undefined && context.user !== '') {
    problems.push(`context "${contextName}" names the user "${context.user}", which is not there`);
  }
  if (user !== undefined) problems.push(...userProblems(user));
  if (cluster === undefined || problems.length > 0) throw new KubeconfigError(`${from}: ${problems.join('; ')}`);
  return { contextName, cluster, user: user ?? { name: '' } };
}

/** As kubectl merges: a file that is not there is passed over unless none is, and the first to name a thing wins. */
function mergeFiles(files: readonly string[]): KubeconfigFile {
  const problems: string[] = [];
  const parsed: KubeconfigFile[] = [];
  const missing: string[] = [];
  for (const file of files) {
    try {
      parsed.push(parseKubeconfigFile(readText(file), file));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') missing.push(file);
      else if (errnoOf(error) === 'EISDIR') problems.push(`${file}: is a directory; name the file in it`);
      else problems.push(`${file}: ${firstLine(error)}`);
    }
  }
  if (parsed.length === 0) problems.push(...missing.map((file) => `${file}: no such file`));
  if (problems.length > 0) throw new KubeconfigError(problems.join('; '));
  return {
    currentContext: parsed.map((file) => file.currentContext).find((name) => name !== '') ?? '',
    clusters: parsed.flatMap((file) => file.clusters),
    users: parsed.flatMap((file) => file.users),
    contexts: parsed.flatMap((file) => file.contexts),
  };
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  if (bytes.length > MAX_FILE_BYTES) throw new Error(`is larger than ${MAX_FILE_BYTES} bytes`);
  return bytes.toString('utf8');
}

function clusterProblems(cluster: ClusterEntry): string[] {
  const { name, server } = cluster;
  if (server === '') return [`cluster "${name}" has no server`];
  if (!URL.canParse(server)) return [`cluster "${name}": its server is not a URL`];
  const { protocol, username, hostname } = new URL(server);
  const problems: string[] = [];
  if (protocol !== 'https:' && protocol !== 'http:') {
    problems.push(`cluster "${name}": expected a server that begins with https://, got "${protocol}"`);
  }
  if (username !== '') problems.push(`cluster "${name}": credentials do not belong in the server's URL`);
  if (protocol === 'http:' && !cluster.skipTlsVerify && !isThisMachine(hostname)) {
    problems.push(
      `cluster "${name}": ${server} is not encrypted; use https, or say insecure-skip-tls-verify: true to accept that`,
    );
  }
  problems.push(...fileProblems('certificate-authority', cluster.ca));
  if (cluster.proxyUrl !== undefined && !isProxy(cluster.proxyUrl)) {
    problems.push(`cluster "${name}": expected a proxy-url with http, https or socks5`);
  }
  return problems;
}

/** What does not leave the machine needs no encryption; `kubectl proxy` serves it so. */
function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

function isProxy(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:', 'socks5:', 'socks:'].includes(new URL(url).protocol);
}

function userProblems(user: UserEntry): string[] {
  const problems = [
    ...fileProblems('client-certificate', user.certificate),
    ...fileProblems('client-key', user.key),
    ...fileProblems('tokenFile', user.tokenFile === undefined ? undefined : { file: user.tokenFile }),
  ];
  if ((user.certificate === undefined) !== (user.key === undefined)) {
    problems.push(`user "${user.name}": client-certificate and client-key belong together; one is missing`);
  }
  return problems;
}

function fileProblems(what: string, pem: { readonly file: string } | { readonly text: string } | undefined): string[] {
  if (pem === undefined || 'text' in pem) return [];
  try {
    readFileSync(pem.file);
    return [];
  } catch (error) {
    return [`${what} ${pem.file}: ${errnoOf(error) === 'ENOENT' ? 'no such file' : firstLine(error)}`];
  }
}

/** The library reads the address from the environment that Kubernetes gives every pod. */
function accessFromPod(root: string): ClusterAccess {
  const config = new KubeConfig();
  config.loadFromCluster(root);
  const server = config.getCurrentCluster()?.server ?? '';
  if (!URL.canParse(server)) {
    throw new KubeconfigError(
      `${SERVICE_ACCOUNT}/token is there, but KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set`,
    );
  }
  const cluster: ClusterEntry = {
    name: 'in-cluster',
    server,
    skipTlsVerify: false,
    ca: { file: join(root, SERVICE_ACCOUNT, 'ca.crt') },
  };
  const problems = clusterProblems(cluster);
  if (problems.length > 0) throw new KubeconfigError(problems.join('; '));
  const user = { name: 'service-account', tokenFile: join(root, SERVICE_ACCOUNT, 'token') };
  return { contextName: 'in-cluster', cluster, user };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
