import { expect, test } from 'vitest';
import { failureSigns } from '../../src/rollout/failure-signs.ts';
import { quoted } from '../../src/rollout/quoted.ts';
import { crashLooping, exit, pod, replicaFailure, waiting } from '../support/rollout-objects.ts';

const SAID = 'exec: "app --db-password hunter2hunter2": no such file';

test.each([
  ['a container that waits', failureSigns([], true, [pod(waiting('CreateContainerError', SAID))])],
  ['a container that ended', failureSigns([], true, [pod(crashLooping(exit(1, { message: SAID }), 2))])],
  ['an image that cannot be pulled', failureSigns([], true, [pod(waiting('ErrImagePull', `not found, ${SAID}`))])],
  ['a ReplicaSet', failureSigns([replicaFailure(SAID)], true, [])],
])('the words of %s are free of secrets wherever they go', (_who, signs) => {
  const words = signs.map(({ cause, detail }) => `${cause} ${detail}`).join();

  expect(words).toContain('[redacted]');
  expect(words).not.toContain('hunter2');
});

test('words are hidden before they are cut', () => {
  expect(quoted(`${'x'.repeat(280)} postgres://app:hunter2hunter2hunter2@db`)).not.toContain('hunter2');
});
