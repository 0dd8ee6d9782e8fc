/** Reading the settings for a command: the environment, a `.env` file, and the files that hold secrets. */
import { readFileSync, statSync } from 'node:fs';
import { parse } from 'dotenv';
import { type ConfigParse, type Env, parseConfig } from '../config.ts';

/** A file that exists, or should, and cannot be read as text. The message is one line that names its path. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/**
 * The environment with the variables of a settings file added. What the environment sets wins, even when it is empty.
 * `<NAME>` and `<NAME>_FILE` are one setting: either of them in the environment wins over both in the file.
 *
 * @param path undefined for `.env` in the working directory, which may be missing
 * @throws UnreadableFileError
 */
export function withSettingsFile(env: Env, path: string | undefined): Env {
  const text = readOptional(path ?? '.env');
  if (text === undefined && path !== undefined) throw new UnreadableFileError(`there is no file ${path}`);
  const isSet = new Set(Object.keys(env).map(settingOf));
  const added = Object.entries(parse(text ?? '')).filter(([name]) => !isSet.has(settingOf(name)));
  return { ...env, ...Object.fromEntries(added) };
}

function settingOf(variable: string): string {
  return variable.replace(/_FILE$/, '');
}

/** The settings, checked as far as possible without a cluster, including that `DEPS` is a directory. */
export function readSettings(env: Env): ConfigParse {
  const parsed = parseConfig(env, readOptional);
  const { deps } = parsed.kind === 'config' ? parsed.config : parsed;
  const directory = deps === undefined ? undefined : directoryProblem(deps);
  if (directory === undefined) return parsed;
  if (parsed.kind === 'problems') return { ...parsed, problems: [...parsed.problems, directory] };
  return { kind: 'problems', problems: [directory], deps: undefined, access: parsed.config };
}

function directoryProblem(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : `DEPS: expected a directory, ${JSON.stringify(path)} is not one`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // Unreadable now may be readable later: the intake says so and goes on looking.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
    return `DEPS: expected a directory, there is no ${JSON.stringify(path)}; make it, or set DEPS`;
  }
}

/** Why a file cannot be read, in words for people; for other codes Node's own message has to do. */
const HINDRANCES: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory, not a file',
  EACCES: 'may not be read by the account of this process',
};

/** Undefined when there is no such file. */
function readOptional(path: string): string | undefined {
  try {
    return utf8Text(path, readFileSync(path));
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    const hindrance = HINDRANCES[String(error.code)] ?? `cannot be read: ${error.message}`;
    throw new UnreadableFileError(`${path} ${hindrance}`, { cause: error });
  }
}

/** Some Windows editors and shells write UTF-16, in which no variable would be found. */
function utf8Text(path: string, bytes: Buffer): string {
  if (bytes.includes(0)) throw new UnreadableFileError(`${path} is UTF-16 or not text; save it as UTF-8`);
  return bytes.toString('utf8');
}
