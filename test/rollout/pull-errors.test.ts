import { expect, test } from 'vitest';
import { finalPullReason } from '../../src/rollout/pull-errors.ts';

test('an image named like an error is not an error', () => {
  const image = 'registry.example/access-denied:not-found';

  expect(finalPullReason(image, `Back-off pulling image "${image}"`)).toBeUndefined();
  expect(finalPullReason(image, `failed to resolve reference "${image}": not found`)).toBe('not found in the registry');
});

test('a registry that says no while it is in trouble may say yes later', () => {
  expect(finalPullReason('web:1', 'denied: requested access to the resource is denied')).toBe(
    'no access to the repository',
  );
  expect(finalPullReason('web:1', 'denied: try again: 503 Service Unavailable')).toBeUndefined();
  expect(finalPullReason('web:1', 'docker-credential-ecr-login: executable file not found in $PATH')).toBeUndefined();
  expect(finalPullReason('web:1', 'lookup proxy.example: host not found')).toBeUndefined();
});

test('an image for other machines is not called missing, though its message says not found', () => {
  expect(finalPullReason('web:1', 'no match for platform in manifest: not found')).toBe(
    'not built for the platform of the node',
  );
  expect(finalPullReason('web:1', 'no matching manifest for linux/arm64 in the manifest list entries')).toBe(
    'not built for the platform of the node',
  );
});

test('a registry that does not say whether a repository exists is quoted as saying just that', () => {
  const message = 'pull access denied, repository does not exist or may require authorization';

  expect(finalPullReason('web:1', message)).toBe('no access to the repository, or it does not exist');
});
