import { describe, expect, test } from 'vitest';
import { imageForVersion, isRepositoryPrefix } from '../../src/domain/image.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const running = 'registry.example:5000/shop/web:1.24.0';
const imageOf = (version: string, repo?: string, image: string | undefined = running) =>
  imageForVersion(version, repo, 'web', image);

describe('what a version becomes', () => {
  const host = '8104.dkr.ecr.example';
  const repository = '8104.dkr.ecr.example/vault';

  test.each([
    // What the dep file holds, without ECR_REPO, with a host, with a host and a repository.
    ['1.25.0', 'registry.example:5000/shop/web:1.25.0', `${host}/web:1.25.0`, `${repository}:1.25.0`],
    [
      'nginx-1.24.0',
      'registry.example:5000/shop/web:nginx-1.24.0',
      `${host}/web:nginx-1.24.0`,
      `${repository}:nginx-1.24.0`,
    ],
    ['_Build.7', 'registry.example:5000/shop/web:_Build.7', `${host}/web:_Build.7`, `${repository}:_Build.7`],
    [digest, `registry.example:5000/shop/web@${digest}`, `${host}/web@${digest}`, `${repository}@${digest}`],
    ['nginx:1.25.0', 'nginx:1.25.0', `${host}/nginx:1.25.0`, `${repository}/nginx:1.25.0`],
    ['team/nginx:1.25.0', 'team/nginx:1.25.0', `${host}/team/nginx:1.25.0`, `${repository}/team/nginx:1.25.0`],
    [`nginx@${digest}`, `nginx@${digest}`, `${host}/nginx@${digest}`, `${repository}/nginx@${digest}`],
    ['registry.io/nginx:1.25.0', ...Array(3).fill('registry.io/nginx:1.25.0')],
    ['localhost/nginx:1', ...Array(3).fill('localhost/nginx:1')],
    ['registry:5000/nginx:1', ...Array(3).fill('registry:5000/nginx:1')],
    [`registry.io/nginx:1@${digest}`, ...Array(3).fill(`registry.io/nginx:1@${digest}`)],
  ])('%s', (version, alone, withHost, withRepository) => {
    expect(imageOf(version)).toEqual({ kind: 'image', image: alone });
    expect(imageOf(version, host)).toEqual({ kind: 'image', image: withHost });
    expect(imageOf(version, repository)).toEqual({ kind: 'image', image: withRepository });
  });

  test.each([
    ['localhost:5000', 'localhost:5000/web:1'],
    ['localhost', 'localhost/web:1'],
    ['vault', 'vault:1'],
    ['team/vault', 'team/vault:1'],
  ])('a tag with ECR_REPO=%s', (repo, image) => {
    expect(imageOf('1', repo)).toEqual({ kind: 'image', image });
  });

  test('a tag takes the repository of a running image that is pinned by tag and digest', () => {
    expect(imageOf('2', undefined, `nginx:1@${digest}`)).toEqual({ kind: 'image', image: 'nginx:2' });
  });
});

describe('refused before any call', () => {
  test.each([
    ['Web:v1', /neither a tag nor an image reference/],
    ['web:', /neither/],
    [':v1', /neither/],
    ['http://x/y', /neither/],
    ['web:v1@', /neither/],
    ['-v1', /neither/],
    ['.v1', /neither/],
    [`web:${'t'.repeat(129)}`, /neither/],
    ['t'.repeat(129), /has 129 characters; a tag has at most 128/],
    [`web@sha256:${'a'.repeat(63)}`, /neither/],
    [`web@sha256:${'A'.repeat(64)}`, /neither/],
    [`web@md5:${'a'.repeat(32)}`, /neither/],
    [`sha256:${'a'.repeat(63)}`, /is not a whole digest/],
    ['sha512:ab', /is not a whole digest/],
    ['team/nginx', /has no tag or digest; write "team\/nginx:<tag>"/],
    ['registry.io/nginx', /has no tag or digest/],
    [`${'a'.repeat(256)}:v1`, /neither/],
  ])('%s', (version, problem) => {
    for (const repo of [undefined, 'host.example', 'host.example/repo']) {
      expect(imageOf(version, repo)).toEqual({ kind: 'refused', problem: expect.stringMatching(problem) });
    }
  });

  test('a tag when the running image cannot be read', () => {
    expect(imageForVersion('1', undefined, 'web', undefined)).toMatchObject({ kind: 'refused' });
    expect(imageOf('1', undefined, 'Not An Image')).toEqual({
      kind: 'refused',
      problem: expect.stringContaining('set ECR_REPO'),
    });
  });

  test('a reference that is too long only with ECR_REPO before it', () => {
    const name = 'a'.repeat(250);

    expect(imageOf(`${name}:1`)).toMatchObject({ kind: 'image' });
    expect(imageOf(`${name}:1`, 'host.example')).toEqual({
      kind: 'refused',
      problem: expect.stringContaining('which is not an image reference'),
    });
  });
});

describe('ECR_REPO', () => {
  test.each(['localhost', 'localhost:5000', 'host.example', 'host.example:443/a/b', '[::1]:5000', 'repo', 'team/repo'])(
    'can be %s',
    (text) => {
      expect(isRepositoryPrefix(text)).toBe(true);
    },
  );

  test.each([
    '',
    '/',
    'host.example/',
    '/repo',
    'https://host.example',
    'host.example/Repo',
    'host.example:port',
    'repo:tag',
    'a b',
  ])('cannot be %j', (text) => {
    expect(isRepositoryPrefix(text)).toBe(false);
  });
});
