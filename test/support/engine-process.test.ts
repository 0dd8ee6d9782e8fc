import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startEngine } from './engine-process.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { isAlive } from './script-process.ts';
import { createTempDir } from './temp-dir.ts';

/** A cluster nobody listens for: the engine starts all the same. */
async function nowhere(path: string): Promise<string> {
  await writeFile(path, kubeconfigText({ server: 'http://127.0.0.1:1' }));
  return path;
}

test('the engine is told by its environment, and stop gives its exit code', async () => {
  await using dir = await createTempDir();
  await using engine = await startEngine({ env: { KUBECONFIG: await nowhere(dir.file('kubeconfig')) } });

  await engine.write('web_prod.dep', '1.2.3\n');
  const code = await engine.stop();

  expect(code).toBe(0);
  expect(await engine.read('web_prod.dep')).toBe('1.2.3\n');
  expect(await engine.read('web_prod.last')).toBeUndefined();
  expect(engine.logs.some(({ message }) => message.startsWith('watching'))).toBe(true);
});

test('a killed engine leaves its directory to the next one, a discarded one leaves nothing', async () => {
  await using dir = await createTempDir();
  const env = { KUBECONFIG: await nowhere(dir.file('kubeconfig')) };
  const first = await startEngine({ env });
  await first.write('web_prod.dep', '1.2.3\n');

  await first.kill();

  expect(isAlive(first.pid)).toBe(false);
  const second = await startEngine({ env, deps: first.deps });
  expect(await second.read('web_prod.dep')).toBe('1.2.3\n');
  await second.discard();
  await first.discard();
  expect(existsSync(first.deps)).toBe(false);
});

test('an engine that ends before it watches is an error with its output', async () => {
  const start = startEngine({ env: { ROLLOUT_TIMEOUT: 'soon' } });

  await expect(start).rejects.toThrow('ROLLOUT_TIMEOUT');
});
