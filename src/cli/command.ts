/** What every command is given by the process edge. */
import type { Env } from '../config.ts';

export interface CommandContext {
  readonly env: Env;
  readonly args: readonly string[];
  /** Aborted by the first SIGTERM, SIGINT or SIGHUP. */
  readonly signal: AbortSignal;
  readonly isTerminal: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
