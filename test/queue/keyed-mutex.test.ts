import { expect, test } from 'vitest';
import { createKeyedMutex } from '../../src/queue/keyed-mutex.ts';

test('bodies of one key run one after another, in order', async () => {
  const mutex = createKeyedMutex<string>();
  const steps: string[] = [];
  const body = (name: string) => async () => {
    steps.push(`${name} begins`);
    await Promise.resolve();
    steps.push(`${name} ends`);
  };

  await Promise.all(['one', 'two', 'three'].map((name) => mutex.runExclusive('web', body(name))));

  expect(steps).toEqual(['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends']);
});

test('bodies of different keys do not wait for each other', async () => {
  const mutex = createKeyedMutex<string>();
  const gate = Promise.withResolvers<void>();
  const stuck = mutex.runExclusive('web', () => gate.promise);

  expect(await mutex.runExclusive('api', async () => 'ran')).toBe('ran');

  gate.resolve();
  await stuck;
});

test('a body that fails frees its key and hands its error to its caller alone', async () => {
  const mutex = createKeyedMutex<string>();
  const failing = mutex.runExclusive('web', () => Promise.reject(new Error('broken')));
  const next = mutex.runExclusive('web', async () => 'ran');

  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('ran');
});

test('a key is forgotten when nobody holds or awaits it', async () => {
  const mutex = createKeyedMutex<string>();
  const gate = Promise.withResolvers<void>();
  const held = [mutex.runExclusive('web', () => gate.promise), mutex.runExclusive('web', () => gate.promise)];

  expect(mutex.size).toBe(1);
  gate.resolve();
  await Promise.all(held);

  expect(mutex.size).toBe(0);
});
