/** Words of others inside a line of ours. */

/** `: message` on one line; nothing for none. */
export function colon(message: string): string {
  return message === '' ? '' : `: ${oneLine(message)}`;
}

const MAX_QUOTED = 300;

/** The words of a node or a server, fit for one line of ours. */
export function oneLine(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line;
}
