/** Debian's OpenSSH server on a free loopback port, with keys of its own, for the current user. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { startChild } from './child-process.ts';
import { eventually } from './eventually.ts';
import { freePorts, isListening, listenOnLoopback } from './loopback-port.ts';
import { createTempDir, type TempDir } from './temp-dir.ts';

export const SSHD = '/usr/sbin/sshd';

const run = promisify(execFile);

export interface OpensshServer extends AsyncDisposable {
  readonly port: number;
  /** Copies local files into the remote directory, in one connection; `-O` is the protocol before SFTP. */
  scp(files: readonly string[], remoteDir: string, options?: readonly string[]): Promise<void>;
  /** Runs the commands of a batch, e.g. `put /tmp/a /srv/deps/web_prod.dep`. */
  sftp(batch: readonly string[]): Promise<void>;
  /** The same server, reached over a line on which every message takes `delayMs` more in each direction. */
  delayedBy(delayMs: number): Promise<OpensshServer>;
}

export async function startOpensshServer(): Promise<OpensshServer> {
  const dir = await createTempDir('sshd');
  await Promise.all([makeKey(dir.file('host_key')), makeKey(dir.file('user_key'))]);
  await writeFile(dir.file('authorized_keys'), await readFile(dir.file('user_key.pub')), { mode: 0o600 });
  // The daemon refuses to start as root without it; a package's init script would make it.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const [port = 0] = await freePorts(1);
  await writeFile(dir.file('sshd_config'), serverConfig(dir, port));

  const logFile = dir.file('sshd.log');
  const sshd = await startChild({ command: SSHD, args: ['-D', '-e', '-f', dir.file('sshd_config')], logFile });
  await eventually(async () => {
    if (!sshd.isRunning) throw new Error(`sshd ended: ${await readFile(logFile, 'utf8')}`);
    return isListening(port);
  });
  return reachedBy(dir, port, async () => {
    sshd.signal('SIGTERM');
    await sshd.exited;
    await dir.remove();
  });
}

function serverConfig(dir: TempDir, port: number): string {
  return `
ListenAddress 127.0.0.1
Port ${port}
HostKey ${dir.file('host_key')}
AuthorizedKeysFile ${dir.file('authorized_keys')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
`;
}

function reachedBy(dir: TempDir, port: number, dispose: () => Promise<void>): OpensshServer {
  const { username } = userInfo();
  const options = ['-q', '-F', 'none', '-P', `${port}`, '-i', dir.file('user_key')];
  for (const option of ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']) {
    options.push('-o', option);
  }
  return {
    port,
    async scp(files, remoteDir, more = []) {
      await run('scp', [...options, ...more, ...files, `${username}@127.0.0.1:${remoteDir}/`]);
    },
    async sftp(batch) {
      await writeFile(dir.file('batch'), `${batch.join('\n')}\n`);
      await run('sftp', [...options, '-b', dir.file('batch'), `${username}@127.0.0.1`]);
    },
    async delayedBy(delayMs) {
      const line = await startDelayedLine(port, delayMs);
      return reachedBy(dir, line.port, line.close);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function makeKey(path: string): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
}

/** Forwards every chunk `delayMs` after it came, in order. */
async function startDelayedLine(port: number, delayMs: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), delayMs));
      from.on('end', () => setTimeout(() => to.end(), delayMs));
      from.on('error', () => to.destroy());
    }
  });
  return { port: await listenOnLoopback(server), close: async () => void server.close() };
}
