/** The code of a file system error, e.g. `ENOENT`; undefined for anything else, which is a surprise and to be thrown. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** What a file system error says, for people: `EACCES: permission denied, open '/srv/deps/web_prod.dep'`. */
export function describeErrno(error: unknown): string {
  if (errnoOf(error) === undefined || !(error instanceof Error)) throw error;
  return error.message;
}
