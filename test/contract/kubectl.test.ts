import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireTool } from '../support/required-tool.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { STORIES, WATCHED } from './kubectl/stories.ts';
import { createTeller, type Teller } from './kubectl/story.ts';
import { type ContractServer, startSandboxServer, useControlPlane } from './server.ts';

describe.runIf(requireTool('kubectl'))('stock kubectl says the same on both servers', () => {
  let dir: TempDir;
  let servers: readonly ContractServer[];
  let real: Teller;
  let sandbox: Teller;

  beforeAll(async () => {
    dir = await createTempDir('kubectl');
    const [plane, memory] = await Promise.all([useControlPlane(), startSandboxServer()]);
    servers = [plane, memory];
    real = await createTeller(plane, dir, 'real');
    sandbox = await createTeller(memory, dir, 'sandbox');
  });

  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
    await dir.remove();
  });

  test.each(STORIES.map((story) => [story.title, story] as const))('%s', async (_title, story) => {
    const [wanted, told] = await Promise.all([real.tell(story), sandbox.tell(story)]);

    expect(told).toEqual(wanted);
    expect(wanted.filter(({ exit, expectedExit }) => exit !== expectedExit)).toEqual([]);
  });

  test('get -w', async () => {
    const { story, watch, until } = WATCHED;

    const [wanted, told] = await Promise.all([real, sandbox].map((teller) => teller.watch(story, watch, until)));

    expect(told).toEqual(wanted);
    expect(told?.map((line) => line.split(' ')[0])).toEqual(['EVENT', 'ADDED', 'ADDED', 'MODIFIED', 'DELETED']);
  });
});
