/** Text from outside, made safe and short enough for a Slack message. Lengths are counted as sent, after escaping. */
import { stripVTControlCharacters } from 'node:util';

// All control characters but newline and tab, and what hides, turns around or breaks the text beside it.
const INVISIBLE = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const ELLIPSIS = '…';

/** One line or several, without control characters, terminal colours and direction marks. */
export function plain(text: string): string {
  return stripVTControlCharacters(text.toWellFormed()).replace(INVISIBLE, '').trim();
}

/** As Slack wants it: `<!channel>` and `<http://…|…>` are shown, not obeyed. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Plain and escaped, cut at the end to `limit` characters. */
export function head(text: string, limit: number): string {
  const clean = plain(text);
  if (escaped(clean).length <= limit) return escaped(clean);
  return takeWhileShort(clean, limit - ELLIPSIS.length, (all, next) => all + next) + ELLIPSIS;
}

/** Plain and escaped, cut at the beginning to `limit` characters. */
export function tail(text: string, limit: number): string {
  const clean = plain(text);
  if (escaped(clean).length <= limit) return escaped(clean);
  const reversed = [...clean].reverse();
  return ELLIPSIS + takeWhileShort(reversed, limit - ELLIPSIS.length, (all, next) => next + all);
}

/** Takes whole characters, so that neither `&amp;` nor an emoji is cut in two. */
function takeWhileShort(chars: Iterable<string>, limit: number, join: (all: string, next: string) => string): string {
  let taken = '';
  for (const char of chars) {
    const next = escaped(char);
    if (taken.length + next.length > limit) break;
    taken = join(taken, next);
  }
  return taken;
}

/** The last of the lines that fit in `limit` characters; what is left out is counted in a first line. */
export function lastLines(lines: readonly string[], limit: number): string {
  const clean = lines.map(plain).filter((line) => line !== '');
  if (clean.length === 0) return '';
  const all = escaped(clean.join('\n'));
  if (all.length <= limit) return all;

  const room = limit - leftOut(clean.length).length;
  let first = clean.length;
  let taken = '';
  while (first > 0) {
    const longer = `\n${escaped(clean[first - 1] ?? '')}${taken}`;
    if (longer.length > room) break;
    taken = longer;
    first -= 1;
  }
  // Not even the last line fits.
  if (taken === '') return tail(clean.at(-1) ?? '', limit);
  return leftOut(first) + taken;
}

function leftOut(count: number): string {
  return `${ELLIPSIS} ${count} ${count === 1 ? 'line' : 'lines'} left out`;
}
