import { expect, test } from 'vitest';
import { isFinalPullError } from '../../src/rollout/pull-errors.ts';

test('an image named like an error is no error', () => {
  const image = 'registry.example/access-denied:not-found';

  expect(isFinalPullError(image, `Back-off pulling image "${image}"`)).toBe(false);
  expect(isFinalPullError(image, `failed to resolve reference "${image}": not found`)).toBe(true);
});

test('a registry that says no while it is in trouble may say yes later', () => {
  expect(isFinalPullError('web:1', 'denied: requested access to the resource is denied')).toBe(true);
  expect(isFinalPullError('web:1', 'denied: try again: 503 Service Unavailable')).toBe(false);
  expect(isFinalPullError('web:1', 'docker-credential-ecr-login: executable file not found in $PATH')).toBe(false);
  expect(isFinalPullError('web:1', 'lookup proxy.example: host not found')).toBe(false);
});
