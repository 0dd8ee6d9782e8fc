/** Reading the settings for a command: the environment, a `.env` file, and the files that hold secrets. */
import { readFileSync, statSync } from 'node:fs';
import { parse } from 'dotenv';
import { type ConfigParse, type Env, parseConfig } from '../config.ts';

/**
 * The environment with the variables of an env file added; what is set already wins.
 *
 * @param path undefined for `.env` in the working directory, which may be missing
 * @throws when a file that was asked for cannot be read
 */
export function withEnvFile(env: Env, path: string | undefined): Env {
  const text = readOptional(path ?? '.env');
  if (text === undefined && path !== undefined) throw new Error(`there is no file ${path}`);
  return text === undefined ? env : { ...parse(text), ...withoutEmpty(env) };
}

/** An exported but empty variable is no choice. */
function withoutEmpty(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
}

/** The settings, checked as far as can be without a cluster: also that the directory is one. */
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
    return statSync(path).isDirectory() ? undefined : `DEPS: expected a directory, ${JSON.stringify(path)} is none`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // Unreadable now may be readable later: the intake says so and goes on looking.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
    return `DEPS: expected a directory, there is no ${JSON.stringify(path)}; make it, or set DEPS`;
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
