/** What `--help` prints. */
import { VARIABLES } from '../config.ts';

export const USAGE = `dke - a file names a version, Kubernetes follows, the rollout is seen through and answered

Usage
  dke [run]              watch DEPS and deploy what its files say
  dke demo [--once]      a sandbox cluster, the engine on a fresh directory, and a short act
  dke --help | --version

Options of run
  --settings <file>      read variables from this file (default: .env, if there is one)

Options of demo
  --once                 end after the act; exit code 1 if a version did not end as it should`;

/** Usage, every variable with its default, and the exit codes. */
export function helpText(): string {
  const width = Math.max(...VARIABLES.map((variable) => variable.name.length));
  const lines = VARIABLES.map(({ name, meaning, fallback }) => {
    return `  ${name.padEnd(width)}  ${meaning}${fallback === '' ? '' : ` (default ${fallback})`}`;
  });
  return `${USAGE}

Environment (each also as <NAME>_FILE, or a file of that name in $CREDENTIALS_DIRECTORY)
${lines.join('\n')}

Exit codes
  0 stopped as asked   1 failed   64 wrong command line   75 another engine serves the directory   78 wrong settings or Node
`;
}
