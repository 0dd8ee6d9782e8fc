/**
 * The file that `--settings <file>` or `--settings=<file>` names; undefined for any other arguments of `run`. It is not
 * called `--env-file` because Node takes that option for itself, wherever it stands.
 */
export function settingsFile(args: readonly string[]): string | undefined {
  const [first = '', second] = args;
  const joined = first.match(/^--settings=(.+)$/s)?.[1];
  if (args.length === 1) return joined;
  return args.length === 2 && first === '--settings' && second !== '' ? second : undefined;
}
