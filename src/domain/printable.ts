/** Text from outside, made safe to print. */
import { redact } from './redact.ts';

/** The text on one line, without anything a terminal or chat would obey; escapes are JSON's. */
export function printable(text: string): string {
  // JSON leaves U+007F-U+009F, line separators and direction marks as they are.
  const escaped = JSON.stringify(text).slice(1, -1);
  return escaped.replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The words of a server, a node or a program inside a line of ours: without control characters, cut at `most`. */
export function oneLine(text: string, most: number): string {
  const line = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line.length > most ? `${line.slice(0, most).toWellFormed()}…` : line;
}

/** A text as `printable` shows it, in quotation marks, free of secrets, cut at 80 characters. */
export function quote(text: string): string {
  const safe = redact(text);
  return `"${printable(safe.length > 80 ? `${safe.slice(0, 80)}…` : safe)}"`;
}
