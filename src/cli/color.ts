/** Whether output may be coloured. */
import type { CommandContext } from './command.ts';

/** On a terminal that can, and whose owner does not object (no-color.org). */
export function mayColor({ env, isTerminal }: Pick<CommandContext, 'env' | 'isTerminal'>): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}
