import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escaped, head, lastLines, plain, tail } from '../../src/notify/plain-text.ts';

const words = fc.string({ unit: 'binary', maxLength: 60 });
const markup = fc.array(fc.constantFrom('&', '<', '>', 'a', '\n', '😀', '<!channel>')).map((parts) => parts.join(''));
const outside = fc.oneof(words, markup);

test('terminal colours, control and direction marks are gone; lines stay', () => {
  expect(plain('\u001b[31mred\u001b[0m\u0000 \u202eevil\u2069\r\nnext\tcell\u2028')).toBe('red evil\nnext\tcell');
});

test('half a character becomes the replacement character', () => {
  expect(plain('a\ud83d')).toBe('a\ufffd');
});

test('Slack commands are shown, not obeyed', () => {
  expect(escaped('<!channel> & <http://x|Approve>')).toBe('&lt;!channel&gt; &amp; &lt;http://x|Approve&gt;');
});

test('a text that fits is not cut', () => {
  expect(head('fits', 4)).toBe('fits');
  expect(tail('fits', 4)).toBe('fits');
});

test('a text is cut between characters: neither an entity nor an emoji is halved', () => {
  expect(head('&&&', 12)).toBe('&amp;&amp;…');
  expect(tail('&&&', 12)).toBe('…&amp;&amp;');
  expect(head('ab😀cd', 4)).toBe('ab…');
});

test('of too many lines the last stay, and how many went is said', () => {
  const lines = ['the first line', 'the second line', 'third', 'the end'];

  expect(lastLines(lines, 1000)).toBe('the first line\nthe second line\nthird\nthe end');
  expect(lastLines(lines, 34)).toBe('… 2 lines left out\nthird\nthe end');
  expect(lastLines(['a long line that is the only one'], 10)).toBe('… only one');
  expect(lastLines(['', ' '], 10)).toBe('');
});

test('no text is longer than its limit, and none holds raw markup', () => {
  fc.assert(
    fc.property(fc.array(outside, { minLength: 1 }), fc.integer({ min: 10, max: 80 }), (lines, limit) => {
      for (const text of [head(lines.join('\n'), limit), tail(lines.join('\n'), limit), lastLines(lines, limit)]) {
        expect(text.length).toBeLessThanOrEqual(limit);
        expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
      }
    }),
  );
});
