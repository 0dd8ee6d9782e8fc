/** Words of others inside a line of ours. */
import { oneLine } from '../domain/printable.ts';

const MAX_QUOTED = 300;

/** `: message` on one line; nothing for none. */
export function colon(message: string): string {
  return message === '' ? '' : `: ${quoted(message)}`;
}

/** The words of a node or a server, fit for one line of ours. */
export function quoted(message: string): string {
  return oneLine(message, MAX_QUOTED);
}
