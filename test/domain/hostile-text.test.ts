/** Text from outside may be made to keep a regular expression busy: its work must grow with its length, no faster. */
import { describe, expect, test } from 'vitest';
import { excessiveExpressions } from '../support/regexp-effort.ts';

const source = (room: string) => JSON.stringify(new URL(`../../src/domain/${room}`, import.meta.url).href);

/** Near misses of each rule: long repetitions that fail only at their end. */
const HOSTILE = `
const units = ['a', 'a.', 'a-', 'a--', 'a_', 'a__', 'a/', 'aa/', 'a:', '-', '.', '_', '0:', '[', '[:', 'A', 'A.', 'a.b/', 'a@', ' ', '\\t', '#', ': '];
const ends = ['', '!', '/', '-', '.', ':', '@', ' !', '\\n!', ':a b'];
const starts = ['', 'container: ', 'container:', '1\\ncontainer:', '1\\n', 'a/', 'host.example/', '['];
export const texts = [];
for (const start of starts) for (const unit of units) for (const end of ends)
  texts.push(start + unit.repeat(Math.floor(SIZE / unit.length)) + end);
`;

const program = (size: number) => `
${HOSTILE.replace('SIZE', String(size)).replace('export ', '')}
const { parseDepFile } = await import(${source('dep-file.ts')});
const { oneLine, quote } = await import(${source('printable.ts')});
const { parseImage, isRepositoryPrefix, imageForVersion } = await import(${source('image.ts')});
const { keyOfFileName, parseTargetKey } = await import(${source('target.ts')});
for (const text of texts) {
  parseDepFile(new TextEncoder().encode(text));
  quote(text);
  oneLine(text, 300);
  parseImage(text);
  isRepositoryPrefix(text);
  imageForVersion(text, 'host.example/repo', 'web', text);
  for (const name of [text + '_b.dep', 'a_' + text + '.dep']) {
    const key = keyOfFileName(name);
    if (key !== undefined) parseTargetKey(key);
  }
}
`;

describe('hostile text', () => {
  test.each([4, 16])('of %i KiB costs a few steps for each character', async (kib) => {
    const size = kib * 1024;

    expect(await excessiveExpressions(program(size), 4 * size)).toEqual([]);
  });

  test.each(['^(?:[a-z]+-?)*$', '^(?:a|b)*(?:a|c)*$'])(
    'keeps %s busy, and this measure notices',
    async (expression) => {
      const code = `/${expression}/.test('a'.repeat(1024) + '!')`;

      expect(await excessiveExpressions(code, 4 * 1024)).toHaveLength(1);
    },
  );
});
