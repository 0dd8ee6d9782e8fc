/** The intake in a process of its own: as another user, or under limits that this process must not be under. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { IntakeHealth } from '../../src/intake/intake.ts';
import type { Report } from './intake-follower.ts';
import { killIfOrphaned } from './leftovers.ts';

export interface IntakeProcess extends AsyncDisposable {
  /** Versions reported as wanted, of all files, in order. */
  readonly versions: readonly string[];
  readonly health: readonly IntakeHealth[];
}

const PROGRAM = fileURLToPath(new URL('intake-program.ts', import.meta.url));

/** `launcher` is put before the command, e.g. `['setpriv', '--reuid=65534']`. */
export function startIntakeProcess(dir: string, launcher: readonly string[] = []): IntakeProcess {
  const [command = process.execPath, ...args] = [...launcher, process.execPath, PROGRAM, dir];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const forget = child.pid === undefined ? () => {} : killIfOrphaned(child.pid);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const versions: string[] = [];
  const health: IntakeHealth[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told: Partial<Report> & { health?: IntakeHealth } = JSON.parse(line);
    if (told.health !== undefined) health.push(told.health);
    if (told.look?.kind === 'wanted') versions.push(told.look.request.version);
  });
  return {
    versions,
    health,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      forget();
    },
  };
}
