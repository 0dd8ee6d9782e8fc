/** A program run beside the test: its output kept, its end awaited, and never outliving the test process. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { killIfOrphaned } from './leftovers.ts';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment; the test's own unless told. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Both output streams are written here. */
  readonly logFile: string;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly stdout: Readable;
  /** Settles once the program has ended and all it wrote is in the log file. */
  readonly exited: Promise<ExitStatus>;
  readonly isRunning: boolean;
  /** Does nothing once the program has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** The program leads a process group of its own, so that a Ctrl-C meant for the tests does not reach it. */
export async function startChild({ command, args, env, cwd, logFile }: ChildOptions): Promise<Child> {
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  // At once: a test process that dies right here must not leave it behind. Undefined when it could not be started.
  const { pid } = child;
  const forget = pid === undefined ? () => undefined : killIfOrphaned(pid);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });

  let running = true;
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('close', (code, signal) => {
      running = false;
      forget();
      log.end();
      void finished(log).finally(() => resolve({ code, signal }));
    });
  });
  return {
    pid: pid ?? 0,
    stdout: child.stdout,
    exited,
    get isRunning() {
      return running;
    },
    signal: (signal) => {
      if (running) child.kill(signal);
    },
  };
}
