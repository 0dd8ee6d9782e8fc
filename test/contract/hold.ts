/** Turns areas of the contract into tests, each behaviour on each server. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Area } from './behaviour.ts';
import { openScene } from './scene.ts';
import { type ContractServer, SERVERS } from './server.ts';

/** Declares the tests. The behaviours of an area run at once: each has a namespace of its own. */
export function holdOnBothServers(...areas: readonly Area[]): void {
  describe.each(SERVERS)('$name', ({ start }) => {
    let server: ContractServer;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server[Symbol.asyncDispose]());

    describe.each(areas)('$title', ({ behaviours }) => {
      test.concurrent.each(Object.entries(behaviours))('%s', async (_name, behaviour) => {
        const scene = await openScene(server);
        try {
          await behaviour(scene);
        } finally {
          await scene.close();
        }
      });
    });
  });
}
