/** Runs a credential plugin (`exec` in the kubeconfig), e.g. `aws eks get-token`. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../clock.ts';
import { ApiError } from '../domain/api-error.ts';
import { oneLine } from '../domain/printable.ts';
import { redact } from '../domain/redact.ts';
import { fieldsOf, optionalText, timeOf } from './fields.ts';
import type { ClusterEntry, ExecPlugin } from './kubeconfig-file.ts';

/** What a plugin printed. `expiresAt` is epoch ms; absent: good until the server says otherwise. */
export interface PluginCredential {
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly expiresAt?: number;
}

/** Environment variables. */
export type PluginEnv = Readonly<Record<string, string | undefined>>;

export interface RunOptions {
  /** What the plugin inherits beside the variables of its own section: PATH, HOME, AWS_PROFILE and so on. */
  readonly env: PluginEnv;
  readonly clock: Clock;
  /** Ends the plugin. */
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** Of its last words, and of the hint how to install it, characters. */
const MAX_COMPLAINT = 200;

/** @throws ApiError of kind `unauthorized` that names the plugin; its output is never quoted, its last complaint is */
export async function runExecPlugin(
  plugin: ExecPlugin,
  cluster: ClusterEntry,
  options: RunOptions,
): Promise<PluginCredential> {
  const { code, stdout, stderr } = await run(plugin, execInfo(plugin, cluster), options);
  if (code !== 0) {
    const complaint = oneLine(redact(stderr.trim().split('\n').at(-1) ?? ''), MAX_COMPLAINT);
    throw failure(plugin, `ended with ${code}${complaint === '' ? '' : `: ${complaint}`}`);
  }
  const status = fieldsOf(fieldsOf(parseOutput(plugin, stdout)).status);
  const token = optionalText(status.token);
  const certificate = optionalText(status.clientCertificateData);
  const key = optionalText(status.clientKeyData);
  const expiresAt = timeOf(status.expirationTimestamp);
  if (token === undefined && (certificate === undefined || key === undefined)) {
    throw failure(plugin, 'printed neither a token nor a client certificate with its key');
  }
  return {
    ...(token === undefined ? {} : { token }),
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    ...(expiresAt === 0 ? {} : { expiresAt }),
  };
}

interface Run {
  /** Exit code, or the name of the signal. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** The plugin leads a process group of its own, so that what it started ends with it. */
function run(plugin: ExecPlugin, info: string, options: RunOptions): Promise<Run> {
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) throw failure(plugin, 'was stopped');
    const child = start(plugin, info, options.env);
    const output = { stdout: '', stderr: '' };
    const end = (error: Error | undefined, code: number | string = 0) => {
      cancelTimer();
      options.signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve({ code, ...output });
      else {
        killGroup(child.pid);
        child.stdout?.destroy();
        child.stderr?.destroy();
        reject(error);
      }
    };
    const onAbort = () => end(failure(plugin, 'was stopped'));
    const cancelTimer = options.clock.after(TIMEOUT_MS, () => {
      end(failure(plugin, `did not end within ${TIMEOUT_MS / 1000} s`));
    });
    options.signal.addEventListener('abort', onAbort, { once: true });
    child.on('error', (error) => end(startFailure(plugin, error)));
    child.on('close', (code, signal) => end(undefined, code ?? signal ?? 'no exit code'));
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        if (output[name].length > MAX_OUTPUT_BYTES) end(failure(plugin, 'printed more than 1 MiB'));
      });
    }
  });
}

/** Without file descriptors left the child has no streams: all it does is tell an `error`. */
function start(plugin: ExecPlugin, info: string, inherited: PluginEnv): ChildProcess {
  try {
    return spawn(plugin.command, [...plugin.args], {
      env: { ...inherited, ...plugin.env, KUBERNETES_EXEC_INFO: info },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  } catch (error) {
    // Some failures, e.g. no memory, are thrown instead.
    throw startFailure(plugin, error);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

function execInfo(plugin: ExecPlugin, cluster: ClusterEntry): string {
  const described = {
    server: cluster.server,
    ...(cluster.tlsServerName === undefined ? {} : { 'tls-server-name': cluster.tlsServerName }),
    ...(cluster.skipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(cluster.ca !== undefined && 'text' in cluster.ca
      ? { 'certificate-authority-data': Buffer.from(cluster.ca.text).toString('base64') }
      : {}),
  };
  return JSON.stringify({
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster: described } : {}) },
  });
}

function parseOutput(plugin: ExecPlugin, stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    // The parser's message would quote the output, which holds the secret.
    throw failure(plugin, 'printed something that is not JSON');
  }
}

function startFailure(plugin: ExecPlugin, error: unknown): ApiError {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  const hint = plugin.installHint === undefined ? '' : `: ${oneLine(plugin.installHint, MAX_COMPLAINT)}`;
  return failure(
    plugin,
    missing ? `is not installed${hint}` : `cannot be started: ${error instanceof Error ? error.message : error}`,
  );
}

function failure(plugin: ExecPlugin, what: string): ApiError {
  const detail = `credential plugin "${plugin.command}" ${what}`;
  return new ApiError('unauthorized', detail, { detail });
}
