/** Programs that a test needs and a machine may lack. */
import { spawnSync } from 'node:child_process';

/** Debian's package of each program that is not on every machine. */
const PACKAGES: Readonly<Record<string, string>> = {
  rsync: 'rsync',
  vim: 'vim',
  '/usr/sbin/sshd': 'openssh-server',
  scp: 'openssh-client',
  sftp: 'openssh-client',
};

/**
 * Whether the program is there. If not, a line on the terminal says how to get it, and the tests for it are skipped;
 * with DKE_REQUIRE_TOOLS=1 this throws instead, so that a machine that should have everything cannot skip in silence.
 */
export function requireTool(...names: readonly string[]): boolean {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return true;
  const packages = [...new Set(missing.map((name) => PACKAGES[name] ?? name))].join(' ');
  const line = `not tested, ${missing.join(', ')} missing: apt-get install ${packages}`;
  if (process.env.DKE_REQUIRE_TOOLS === '1') throw new Error(line);
  process.stderr.write(`${line}\n`);
  return false;
}

function isThere(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { stdio: 'ignore' }).status === 0;
}
