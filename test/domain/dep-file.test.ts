import { describe, expect, test } from 'vitest';
import { MAX_DEP_FILE_BYTES, parseDepFile } from '../../src/domain/dep-file.ts';

const parse = (text: string) => parseDepFile(new TextEncoder().encode(text));
const request = (version: string, container?: string) => ({
  kind: 'request',
  request: container === undefined ? { version } : { version, container },
});

describe('a version', () => {
  test.each([
    ['1.25.0', '1.25.0'],
    ['1.25.0\n', '1.25.0'],
    ['1.25.0\r\n', '1.25.0'],
    ['1.25.0\r', '1.25.0'],
    ['  \t1.25.0 \t\n', '1.25.0'],
    ['\uFEFF1.25.0\n', '1.25.0'],
    ['\n\n# who, why\n\n1.25.0\n', '1.25.0'],
    ['\uFEFF# written by CI\r\n1.25.0\r\n', '1.25.0'],
    ['1.25.0\n# done\n\n', '1.25.0'],
    ['   # indented comment\n1.25.0', '1.25.0'],
    ['registry.example:5000/team/web@sha256:ab', 'registry.example:5000/team/web@sha256:ab'],
  ])('is read from %j', (text, version) => {
    expect(parse(text)).toEqual(request(version));
  });

  test.each([
    ['1.25.0 1.26.0', 1],
    ['\n\nnginx 1.25', 3],
    ['1.25.0 # a comment behind it', 1],
    ['"1.25.0 "', 1],
    ['1.25\u0000.0', 1],
    ['1.25.0\u0000', 1],
    ['1.25.0\u001b[2J', 1],
    ['v1\u202e2', 1],
    ['1.25.0\u00a0beta', 1],
    ['1.25.0\u2028container: app', 1],
    ['vérsion', 1],
    ['\u0000\u0000\u0000\u0000', 1],
  ])('is not made of %j', (text, line) => {
    expect(parse(text)).toMatchObject({ kind: 'malformed', line });
  });
});

describe('nothing to deploy', () => {
  test.each(['', '\n', '\r\n\r\n', ' \t\n', '\uFEFF', '\uFEFF\n', '# only a comment', '#\n#\n', '\u00a0'])(
    '%j is empty, not an order',
    (text) => {
      expect(parse(text)).toEqual({ kind: 'empty' });
    },
  );
});

describe('options', () => {
  test.each([
    ['1.25.0\ncontainer: app', 'app'],
    ['1.25.0\ncontainer:    app   \n', 'app'],
    ['1.25.0\r\n\r\n# the sidecar comes first\r\ncontainer:\tapp\r\n', 'app'],
    [`1.25.0\ncontainer: ${'a'.repeat(63)}`, 'a'.repeat(63)],
  ])('%j names the container', (text, container) => {
    expect(parse(text)).toEqual(request('1.25.0', container));
  });

  test.each([
    ['1.25.0\n1.26.0\n', 2, /"1\.26\.0" is not understood/],
    ['1.25.0\n\n# x\nbuild: 17', 4, /"build: 17" is not understood/],
    ['1.25.0\nContainer: app', 2, /not understood/],
    ['1.25.0\n__proto__: app', 2, /not understood/],
    ['1.25.0\nconstructor: app', 2, /not understood/],
    ['1.25.0\ncontainer:app', 2, /not understood/],
    ['1.25.0\ncontainer:', 2, /not understood/],
    ['1.25.0\ncontainer: a b', 2, /not understood/],
    ['1.25.0\ncontainer: App', 2, /"App" cannot be the name of a container/],
    ['1.25.0\ncontainer: -a', 2, /cannot be the name/],
    ['1.25.0\ncontainer: a-', 2, /cannot be the name/],
    [`1.25.0\ncontainer: ${'a'.repeat(64)}`, 2, /cannot be the name/],
    ['1.25.0\ncontainer: a/b', 2, /cannot be the name/],
    ['1.25.0\ncontainer: app\ncontainer: app', 3, /"container:" is written twice/],
  ])('%j is refused with the line', (text, line, problem) => {
    expect(parse(text)).toMatchObject({ kind: 'malformed', line, problem: expect.stringMatching(problem) });
  });

  test('that are somebody’s settings are refused without what they hold', () => {
    const parsed = parse('1.25.0\nDB_PASSWORD=hunter2hunter2\n');

    expect(parsed).toMatchObject({ kind: 'malformed', line: 2 });
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });

  test('alone are not a version', () => {
    expect(parse('container: app\n')).toMatchObject({ kind: 'malformed', line: 1 });
  });
});

describe('bytes that are not UTF-8', () => {
  test.each([
    ['a lone continuation byte', [0x31, 0x80, 0x0a]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a truncated sequence at the end', [0x31, 0x2e, 0xe2, 0x82]],
    ['UTF-16 with a byte order mark', [0xff, 0xfe, 0x31, 0x00]],
    ['bad bytes in a comment', [0x23, 0xff, 0x0a, 0x31]],
  ])('%s is refused in words', (_what, bytes) => {
    expect(parseDepFile(Uint8Array.from(bytes))).toEqual({
      kind: 'malformed',
      line: 1,
      problem: 'not UTF-8 text; write the version as plain text',
    });
  });
});

test('the longest possible line makes a short problem', () => {
  const parsed = parse(`1.25.0\n${'é'.repeat(MAX_DEP_FILE_BYTES / 2)}`);

  expect(parsed.kind === 'malformed' && parsed.problem.length).toBeLessThan(200);
});
