/** Vectors of the reference grammar that container tools share (github.com/distribution/reference). */
import { describe, expect, test } from 'vitest';
import { parseImage } from '../../src/domain/image.ts';

const sha256 = `sha256:${'f'.repeat(64)}`;
const sha512 = `sha512:${'f'.repeat(128)}`;

describe('a reference', () => {
  test.each([
    ['test_com', { repository: 'test_com' }],
    ['test.com:tag', { repository: 'test.com', tag: 'tag' }],
    ['test.com:5000', { repository: 'test.com', tag: '5000' }],
    ['test.com/repo:tag', { repository: 'test.com/repo', tag: 'tag' }],
    ['test:5000/repo', { repository: 'test:5000/repo' }],
    ['test:5000/repo:tag', { repository: 'test:5000/repo', tag: 'tag' }],
    [`test:5000/repo@${sha256}`, { repository: 'test:5000/repo', digest: sha256 }],
    [`test:5000/repo:tag@${sha256}`, { repository: 'test:5000/repo', tag: 'tag', digest: sha256 }],
    ['lowercase:Uppercase', { repository: 'lowercase', tag: 'Uppercase' }],
    [
      `xn--7o8h.com/myimage:xn--7o8h.com@${sha512}`,
      { repository: 'xn--7o8h.com/myimage', tag: 'xn--7o8h.com', digest: sha512 },
    ],
    ['foo_bar.com:8080', { repository: 'foo_bar.com', tag: '8080' }],
    ['foo/foo_bar.com:8080', { repository: 'foo/foo_bar.com', tag: '8080' }],
    [
      'b.gcr.io/test.example.com/my-app:test.example.com',
      { repository: 'b.gcr.io/test.example.com/my-app', tag: 'test.example.com' },
    ],
    ['[2001:db8::1]/repo', { repository: '[2001:db8::1]/repo' }],
    ['[2001:db8:1:2:3:4:5:6]/repo:tag', { repository: '[2001:db8:1:2:3:4:5:6]/repo', tag: 'tag' }],
    ['[2001:db8::1]:5000/repo', { repository: '[2001:db8::1]:5000/repo' }],
    [`[2001:db8::]:5000/repo:tag@${sha256}`, { repository: '[2001:db8::]:5000/repo', tag: 'tag', digest: sha256 }],
    ['[::1]:5000/repo', { repository: '[::1]:5000/repo' }],
    [
      `${'a/'.repeat(127)}a:tag-puts-this-over-max`,
      { repository: `${'a/'.repeat(127)}a`, tag: 'tag-puts-this-over-max' },
    ],
  ])('%s is taken apart', (text, reference) => {
    expect(parseImage(text)).toEqual(reference);
  });

  test.each([
    '',
    ':justtag',
    `@${sha256}`,
    `repo@sha256:${'f'.repeat(34)}`,
    `validname@invaliddigest:${'f'.repeat(128)}`,
    `repo@${sha256}@${sha256}`,
    'Uppercase:tag',
    'test:5000/Uppercase/lowercase:tag',
    `${'a/'.repeat(128)}a:tag`,
    'aa/asdf$$^/aa',
    '[fe80::1%eth0]:5000/repo',
    '[fe80::1%@invalidzone]:5000/repo',
    'repo:tag:tag',
    'repo:-tag',
    'repo:.tag',
    'repo:t ag',
    'repo:tag\n',
    '\nrepo:tag',
    ' repo:tag',
    'https://github.com/docker/docker',
  ])('is not %j', (text) => {
    expect(parseImage(text)).toBeUndefined();
  });
});

describe('a repository', () => {
  test.each([
    'short',
    'simple/name',
    'library/ubuntu',
    'docker/stevvooe/app',
    'aa/aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb',
    'a/a/a/a',
    'foo.com',
    'foo.com:8080/bar',
    'foo.com/bar/baz',
    'localhost:8080/bar',
    'sub-dom1.foo.com/bar/baz/quux',
    'aa-a/a',
    'foo_bar',
    'foo_bar.com',
    'foo.com/foo_bar',
    'example.com/xn--7o8h.com/myimage',
    'example.com/some_separator__underscore/myimage',
    'do__cker/docker',
    'registry.io/foo/project--id.module--name.ver---sion--name',
    'Asdf.com/foo/bar',
    '192.168.1.1:75050/a',
    '0101.com/a',
    'ab.c-om/a',
  ])('can be %s', (text) => {
    expect(parseImage(text)).toEqual({ repository: text });
  });

  test.each([
    'a/a/a/a/',
    'a//a/a',
    'foo.com/',
    'foo.com:http/bar',
    'a^a',
    'asdf$$^/aa',
    'a-/a/a/a',
    'foo.com/a-/a/a',
    '-foo/bar',
    'foo/bar-',
    'foo-/bar',
    'foo/-bar',
    '_foo/bar',
    'foo_bar.com:8080/app',
    '____/____',
    '_docker/_docker',
    'docker_/docker_',
    'example.com/__underscore/myimage',
    'example.com/..dots/myimage',
    'example.com/.dots/myimage',
    'example.com/nodouble..dots/myimage',
    'docker./docker',
    '.docker/docker',
    'docker-/docker',
    'do..cker/docker',
    'do___cker/docker',
    'do__cker:8080/docker',
    'ab-.com/a',
    'ab.-com/a',
    '[fd00:1:2::3]75050/a',
    '[fd00:1:2::3]::75050/a',
    'fd00:1:2::3:75050/a',
    'Foo/FarB',
  ])('cannot be %s', (text) => {
    expect(parseImage(text)).toBeUndefined();
  });
});
