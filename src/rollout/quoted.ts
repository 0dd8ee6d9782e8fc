/** Words of others inside a line of ours. */
import { oneLine } from '../domain/printable.ts';
import { redact } from '../domain/redact.ts';

const MAX_QUOTED = 300;

/** `: message` on one line; nothing for none. */
export function colon(message: string): string {
  return message === '' ? '' : `: ${quoted(message)}`;
}

/** The words of a node or a server, fit for one line of ours and free of secrets. */
export function quoted(message: string): string {
  return oneLine(redact(message), MAX_QUOTED);
}
