/** What one kubeconfig file says, read with kubectl's names and rules for paths. */
import { dirname, isAbsolute, join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { type Fields, fieldsOf, isFields, listOf, optionalText, textOf } from './fields.ts';

/** A certificate or key: a file, or the PEM text itself. */
export type Pem = { readonly file: string } | { readonly text: string };

export interface ClusterEntry {
  readonly name: string;
  readonly server: string;
  readonly ca?: Pem;
  readonly skipTlsVerify: boolean;
  readonly tlsServerName?: string;
  readonly proxyUrl?: string;
}

/** A program that prints credentials (`client.authentication.k8s.io`). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly provideClusterInfo: boolean;
  readonly installHint?: string;
}

export interface UserEntry {
  readonly name: string;
  readonly certificate?: Pem;
  readonly key?: Pem;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly impersonate?: { readonly user: string; readonly groups: readonly string[] };
  readonly exec?: ExecPlugin;
  /** The old `auth-provider` section (oidc, gcp, azure), left to the library. */
  readonly authProvider?: Fields;
}

export interface ContextEntry {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
}

export interface KubeconfigFile {
  readonly currentContext: string;
  readonly clusters: readonly ClusterEntry[];
  readonly users: readonly UserEntry[];
  readonly contexts: readonly ContextEntry[];
}

/** Throws an Error that says what is wrong with the text; paths in it are relative to the file's folder. */
export function parseKubeconfigFile(text: string, file: string): KubeconfigFile {
  if (text.trim() === '') throw new Error('is empty');
  const config: unknown = loadYaml(text);
  if (!isFields(config)) throw new Error('is not a kubeconfig: expected clusters, users and contexts');
  const absolute = (path: string) => (isAbsolute(path) ? path : join(dirname(file), path));
  return {
    currentContext: textOf(config['current-context']),
    clusters: named(config.clusters, 'cluster', (name, body) => parseCluster(name, body, absolute)),
    users: named(config.users, 'user', (name, body) => parseUser(name, body, absolute)),
    contexts: named(config.contexts, 'context', (name, body) => ({
      name,
      cluster: textOf(body.cluster),
      user: textOf(body.user),
    })),
  };
}

type Absolute = (path: string) => string;

function named<T>(value: unknown, key: string, parse: (name: string, body: Fields) => T): readonly T[] {
  return listOf(value).map((entry, index) => {
    const fields = fieldsOf(entry);
    const name = textOf(fields.name);
    if (name === '') throw new Error(`has no name at ${key}s[${index}]`);
    return parse(name, fieldsOf(fields[key]));
  });
}

function parseCluster(name: string, body: Fields, absolute: Absolute): ClusterEntry {
  const ca = parsePem(body, 'certificate-authority', absolute);
  const tlsServerName = optionalText(body['tls-server-name']);
  const proxyUrl = optionalText(body['proxy-url']);
  return {
    name,
    server: textOf(body.server).replace(/\/+$/, ''),
    skipTlsVerify: body['insecure-skip-tls-verify'] === true,
    ...(ca === undefined ? {} : { ca }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
}

function parseUser(name: string, body: Fields, absolute: Absolute): UserEntry {
  const certificate = parsePem(body, 'client-certificate', absolute);
  const key = parsePem(body, 'client-key', absolute);
  const token = optionalText(body.token);
  const tokenFile = optionalText(body.tokenFile) ?? optionalText(body['token-file']);
  const username = optionalText(body.username);
  const impersonated = optionalText(body.as);
  return {
    name,
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile: absolute(tokenFile) }),
    ...(username === undefined ? {} : { username, password: textOf(body.password) }),
    ...(impersonated === undefined
      ? {}
      : { impersonate: { user: impersonated, groups: listOf(body['as-groups']).map(textOf) } }),
    ...(isFields(body.exec) ? { exec: parseExec(body.exec, name, absolute) } : {}),
    ...(isFields(body['auth-provider']) ? { authProvider: body['auth-provider'] } : {}),
  };
}

function parseExec(exec: Fields, user: string, absolute: Absolute): ExecPlugin {
  const command = textOf(exec.command);
  if (command === '') throw new Error(`names no command for the exec plugin of user "${user}"`);
  const env: Record<string, string> = {};
  for (const entry of listOf(exec.env).map(fieldsOf)) env[textOf(entry.name)] = textOf(entry.value);
  const installHint = optionalText(exec.installHint);
  return {
    apiVersion: textOf(exec.apiVersion),
    // As kubectl: a bare name is looked up in PATH, a path with a slash belongs to the file's folder.
    command: command.includes('/') ? absolute(command) : command,
    args: listOf(exec.args).map(textOf),
    env,
    provideClusterInfo: exec.provideClusterInfo === true,
    ...(installHint === undefined ? {} : { installHint }),
  };
}

/** `<key>-data` (base64) wins over `<key>` (a path), as with kubectl. */
function parsePem(body: Fields, key: string, absolute: Absolute): Pem | undefined {
  const data = optionalText(body[`${key}-data`]);
  if (data !== undefined) return { text: Buffer.from(data, 'base64').toString('utf8') };
  const file = optionalText(body[key]);
  return file === undefined ? undefined : { file: absolute(file) };
}
