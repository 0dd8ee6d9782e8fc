/** The engine as its users run it: a process of its own, on a directory, told by environment variables. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ExitStatus, startChild } from './child-process.ts';
import { eventually } from './eventually.ts';
import { numberAt, textAt } from './json.ts';
import { readIfThere } from './optional-file.ts';
import { createTempDir } from './temp-dir.ts';

export interface EngineOptions {
  /** Added to an environment that holds nothing but PATH, HOME, DEPS and LOG_FORMAT. */
  readonly env?: Readonly<Record<string, string>>;
  /** The watched directory, e.g. of an engine that was killed; a new empty one when left out. */
  readonly deps?: string;
  /** Kept after the engine has gone; in a temporary folder when left out. */
  readonly logFile?: string;
  /** Put before the command, e.g. `['setpriv', '--reuid=65534']`. */
  readonly launcher?: readonly string[];
  /** Command line after the program. */
  readonly args?: readonly string[];
  /** `false`: do not wait for it to say that it watches. */
  readonly untilWatching?: boolean;
}

/** A line of the engine's JSON log. */
export interface LogLine {
  /** pino's numbers: 30 info, 40 warn, 50 error. */
  readonly level: number;
  readonly message: string;
  /** The whole line, parsed. */
  readonly fields: unknown;
}

export interface EngineProcess extends AsyncDisposable {
  readonly pid: number;
  readonly deps: string;
  readonly logs: readonly LogLine[];
  readonly exited: Promise<ExitStatus>;
  /** Writes a file of the watched directory in place, as `echo … > file` does. */
  write(name: string, content: string): Promise<void>;
  /** Text of a file of the watched directory; undefined when there is none. */
  read(name: string): Promise<string | undefined>;
  /** SIGTERM; the exit code, null when a signal ended it. Twice is fine. */
  stop(): Promise<number | null>;
  /** SIGKILL, as a power cut; its directory stays until `await using` or `discard()`. */
  kill(): Promise<void>;
  /** Kills it if it still runs and removes its temporary folder. */
  discard(): Promise<void>;
}

const MAIN = join(import.meta.dirname, '../../src/main.ts');

export async function startEngine(options: EngineOptions = {}): Promise<EngineProcess> {
  const { env = {}, launcher = [], args = [], untilWatching = true } = options;
  const dir = await createTempDir('engine');
  const deps = options.deps ?? dir.file('deps');
  const logFile = options.logFile ?? dir.file('engine.log');
  const logs: LogLine[] = [];
  await mkdir(deps, { recursive: true });

  const [command = process.execPath, ...rest] = [...launcher, process.execPath, MAIN, ...args];
  const child = await startChild({
    command,
    args: rest,
    env: { PATH: process.env.PATH, HOME: dir.path, DEPS: deps, LOG_FORMAT: 'json', ...env },
    cwd: dir.path,
    logFile,
  });
  createInterface(child.stdout).on('line', (line) => {
    const parsed = parseLine(line);
    if (parsed !== undefined) logs.push(parsed);
  });

  const kill = async () => {
    child.signal('SIGKILL');
    await child.exited;
  };
  const discard = async () => {
    await kill();
    await dir.remove();
  };
  if (untilWatching) {
    const watching = () => logs.some(({ message }) => message.startsWith('watching'));
    await eventually(() => watching() || !child.isRunning, { timeoutMs: 20_000 });
    if (!watching()) {
      const { code, signal } = await child.exited;
      const output = await readFile(logFile, 'utf8');
      await discard();
      throw new Error(`the engine ended with ${signal ?? code} before it watched:\n${output}`);
    }
  }
  return {
    pid: child.pid,
    deps,
    logs,
    exited: child.exited,
    write: (name, content) => writeFile(join(deps, name), content),
    read: (name) => readIfThere(join(deps, name)),
    stop: async () => {
      child.signal('SIGTERM');
      return (await child.exited).code;
    },
    kill,
    discard,
    [Symbol.asyncDispose]: discard,
  };
}

function parseLine(line: string): LogLine | undefined {
  try {
    const fields: unknown = JSON.parse(line);
    return { level: numberAt(fields, 'level'), message: textAt(fields, 'msg'), fields };
  } catch {
    // A crash writes a stack trace among the lines; the log file has it.
    return undefined;
  }
}
