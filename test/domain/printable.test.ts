import { describe, expect, test } from 'vitest';
import { oneLine, printable, quote } from '../../src/domain/printable.ts';

describe('text made printable', () => {
  test('is one printable line whatever it held', () => {
    const hostile = 'a\n\u001b[2J\u0000\u009b\u202eb\u2066\u2028\ufeff"\\';

    expect(printable(hostile)).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(quote(hostile))).toBe(hostile);
  });

  test('stays as it is when it is printable', () => {
    expect(printable('wéb_prod.dep 🎉')).toBe('wéb_prod.dep 🎉');
  });

  test('in quotation marks is cut at 80 characters, and half a character pair does no harm', () => {
    expect(quote('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
    expect(quote('x'.repeat(81))).toBe(`"${'x'.repeat(80)}…"`);
    expect(quote(`${'x'.repeat(79)}🎉🎉`).isWellFormed()).toBe(true);
  });
});

describe('the words of others inside a line of ours', () => {
  test('are one line without anything a terminal or chat would obey', () => {
    expect(oneLine(' a\r\n\tb\u001b[2J\u0000\u202ec  d\u2028', 100)).toBe('a b [2J c d');
  });

  test('are cut where it is said, and half a character pair does no harm', () => {
    expect(oneLine('x'.repeat(80), 80)).toBe('x'.repeat(80));
    expect(oneLine('x'.repeat(81), 80)).toBe(`${'x'.repeat(80)}…`);
    expect(oneLine(`${'x'.repeat(79)}🎉🎉`, 80).isWellFormed()).toBe(true);
  });
});
