/** What a file system error is called. */
import { constants } from 'node:os';

/** The code of a file system error, e.g. `ENOENT`; undefined for anything else, which is a surprise and to be thrown. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (/^E[A-Z0-9]+$/.test(error.code)) return error.code;
  return 'errno' in error && typeof error.errno === 'number' ? nameOf(-error.errno) : undefined;
}

/** What a file system error says, for people: `EACCES: permission denied, open '/srv/deps/web_prod.dep'`. */
export function describeErrno(error: unknown): string {
  const code = errnoOf(error);
  if (code === undefined || !(error instanceof Error)) throw error;
  return error.message.replace(/^Unknown system error -\d+: Unknown system error -\d+/, code);
}

/** Node has no code for some: a stale handle of network storage, a quota that is used up, a damaged file system. */
function nameOf(number: number): string {
  const [name] = Object.entries(constants.errno).find(([, each]) => each === number) ?? [];
  return name ?? `E${number}`;
}
