/** Small programs of a test's own, for what only another process can show: being killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ScriptProcess {
  readonly child: ChildProcess;
  /** The first line it printed, parsed as JSON. */
  readonly told: unknown;
}

/** Runs a module whose relative imports start in `dir`, until it has printed one line of JSON; it then stays alive. */
export async function startScript(dir: string, code: string): Promise<ScriptProcess> {
  const module = `${code}; setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', module], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) return { child, told: JSON.parse(line) };
  throw new Error('the script ended without a word');
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
