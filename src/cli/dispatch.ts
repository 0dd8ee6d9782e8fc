/** From the command line to a command. Commands load lazily: `--help` must not pay for a Kubernetes client. */
import type { CommandContext } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { helpText, USAGE } from './help.ts';
import { settingsFile } from './settings-option.ts';
import { VERSION } from './version.ts';

/** Runs the command the arguments name and returns the exit code. */
export async function dispatch(context: CommandContext): Promise<number> {
  const { args, out, err } = context;
  if (args.includes('--help') || args.includes('-h') || args[0] === 'help') {
    out(helpText());
    return EXIT.ok;
  }
  if (args.includes('--version') || args.includes('-v')) {
    out(`${VERSION}\n`);
    return EXIT.ok;
  }
  const [name, rest] = args[0] === undefined || args[0].startsWith('-') ? ['run', args] : [args[0], args.slice(1)];
  const problem = argumentProblem(name, rest);
  if (problem !== undefined) {
    err(`${problem}\n\n${USAGE}\n`);
    return EXIT.usage;
  }
  if (name === 'demo') return (await import('./demo.ts')).demo({ ...context, args: rest });
  return (await import('./run.ts')).run({ ...context, args: rest });
}

function argumentProblem(name: string, rest: readonly string[]): string | undefined {
  switch (name) {
    case 'run':
      if (rest.length === 0 || settingsFile(rest) !== undefined) return undefined;
      return `run takes only --settings <file>, got ${JSON.stringify(rest.join(' '))}`;
    case 'demo':
      if (rest.every((arg) => arg === '--once')) return undefined;
      return `demo takes only --once, got ${JSON.stringify(rest.join(' '))}`;
    default:
      return `there is no command ${JSON.stringify(name)}`;
  }
}
