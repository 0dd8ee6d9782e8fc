/** The differences between the sandbox and a real server are as docs/sandbox.md lists them: none less, none unspoken. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textAt } from '../support/json.ts';
import { LENIENCIES, REFUSALS } from './differences.ts';
import { openScene, type Scene } from './scene.ts';
import { type ContractServer, startSandboxServer, useControlPlane } from './server.ts';

let real: ContractServer;
let sandbox: ContractServer;

beforeAll(async () => {
  [real, sandbox] = await Promise.all([useControlPlane(), startSandboxServer()]);
});

afterAll(async () => {
  await real[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

async function inScene<T>(server: ContractServer, act: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = await openScene(server);
  try {
    return await act(scene);
  } finally {
    await scene.close();
  }
}

describe('the sandbox says clearly that it does not do', () => {
  test.concurrent.each(REFUSALS.map((refusal) => [refusal.what, refusal] as const))('%s', async (_what, refusal) => {
    const refused = await inScene(sandbox, refusal.ask);
    const answered = await inScene(real, refusal.ask);

    expect(refused.status).toBe(refusal.code);
    expect(textAt(refused.body, 'message')).toContain(refusal.message);
    expect(answered.status).not.toBe(refusal.code);
  });
});

describe('the sandbox does not look at', () => {
  test.concurrent.each(LENIENCIES.map((leniency) => [leniency.what, leniency] as const))(
    '%s',
    async (_what, leniency) => {
      const taken = await inScene(sandbox, leniency.ask);
      const refused = await inScene(real, leniency.ask);

      expect(taken.status).toBeLessThan(300);
      expect(refused.status).toBe(leniency.code);
    },
  );
});
