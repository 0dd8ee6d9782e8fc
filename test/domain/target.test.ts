import { describe, expect, test } from 'vitest';
import { formatTarget, keyOfFileName, parseTargetKey, targetKey } from '../../src/domain/target.ts';

/** What the file of this name means; undefined when it is none of ours. */
function meaningOf(fileName: string) {
  const key = keyOfFileName(fileName);
  return key === undefined ? undefined : parseTargetKey(key);
}

const label = (length: number) => 'a'.repeat(length);
/** A subdomain of up to 255 characters, no part longer than a label. */
const subdomain = (length: number) =>
  Array.from({ length: 4 }, () => label(63))
    .join('.')
    .slice(0, length);

describe('a file name that is a target', () => {
  test.each([
    ['web_prod.dep', 'web', 'prod'],
    ['a_b.dep', 'a', 'b'],
    ['0_1.dep', '0', '1'],
    ['web.v2_prod.dep', 'web.v2', 'prod'],
    ['my-web_my-ns.dep', 'my-web', 'my-ns'],
    ['a--b_c--d.dep', 'a--b', 'c--d'],
    ['web.dep_prod.dep', 'web.dep', 'prod'],
    ['constructor_x.dep', 'constructor', 'x'],
    ['kube-proxy_kube-system.dep', 'kube-proxy', 'kube-system'],
    [`a_${label(63)}.dep`, 'a', label(63)],
    [`${label(64)}_b.dep`, label(64), 'b'],
    [`${subdomain(241)}_b.dep`, subdomain(241), 'b'],
  ])('%s', (fileName, service, namespace) => {
    expect(meaningOf(fileName)).toEqual({ kind: 'target', target: { service, namespace } });
    expect(targetKey({ service, namespace })).toBe(keyOfFileName(fileName));
    expect(formatTarget({ service, namespace })).toBe(`${service}/${namespace}`);
  });
});

describe('a file name that is answered as misnamed', () => {
  test.each([
    'web.dep',
    'a_b_c.dep',
    '_b.dep',
    'a_.dep',
    '_.dep',
    '__.dep',
    'A_b.dep',
    'a_B.dep',
    'web_prod.v2.dep',
    'a..b_c.dep',
    'a._c.dep',
    'a.-b_c.dep',
    '-a_b.dep',
    'a-_b.dep',
    'a_-b.dep',
    'a_b-.dep',
    'a_..dep',
    'a_...dep',
    'a_b .dep',
    ' a_b.dep',
    'a_b\n.dep',
    'a\n_b.dep',
    'ä_b.dep',
    'a_b\u202e.dep',
    '\ufffd_b.dep',
    '__proto___x.dep',
    'x___proto__.dep',
    `a_${label(64)}.dep`,
    // Its status file would have a name of more than 255 bytes.
    `${subdomain(242)}_b.dep`,
  ])('%j', (fileName) => {
    const meaning = meaningOf(fileName);

    expect(meaning).toMatchObject({
      kind: 'misnamed',
      problem: expect.stringContaining("', expected: {service}_{namespace}.dep"),
    });
    expect(meaning?.kind === 'misnamed' && meaning.problem).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
  });

  test('keeps the words the original used', () => {
    expect(meaningOf('web.dep')).toMatchObject({
      problem: expect.stringContaining("invalid filename: 'web.dep', expected: {service}_{namespace}.dep"),
    });
  });
});

describe('a file name that is not a dep file’s', () => {
  test.each([
    '.dep',
    '..dep',
    '.web_prod.dep',
    '.#web_prod.dep',
    '.web_prod.dep.swp',
    '.._x.dep',
    'web_prod.dep~',
    '#web_prod.dep#',
    'web_prod.last',
    'web_prod.status.json',
    'web_prod.DEP',
    'web_prod',
    '',
    '.',
    '..',
  ])('%j', (fileName) => {
    expect(meaningOf(fileName)).toBeUndefined();
  });
});
