import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const CLUSTER = new URL('../../src/cluster/exec-plugin.ts', import.meta.url);
const CLOCK = new URL('../../src/clock.ts', import.meta.url);

/** A program that runs a plugin when no descriptor is left, and once more when there are some; prints both outcomes. */
const PROGRAM = `
  import { closeSync, openSync } from 'node:fs';
  import { runExecPlugin } from '${CLUSTER}';
  import { systemClock } from '${CLOCK}';
  const plugin = { apiVersion: 'v1', command: 'echo', args: ['{"status":{"token":"t"}}'], env: {}, provideClusterInfo: false };
  const cluster = { name: 'test', server: 'https://server', skipTlsVerify: false };
  const options = { env: process.env, clock: systemClock, signal: new AbortController().signal };
  const run = () => runExecPlugin(plugin, cluster, options).catch((error) => ({ kind: error.kind, detail: error.detail }));
  const held = [];
  try { for (;;) held.push(openSync('/dev/null', 'r')); } catch {}
  const without = await run();
  for (const descriptor of held) closeSync(descriptor);
  console.log(JSON.stringify([without, await run()]));
`;

test('a plugin that cannot be started for want of descriptors is an error, and runs when there are some', async () => {
  // Shorter than the time a plugin has: a timer that was left behind would keep the program alive for longer.
  const limits = { timeout: 20_000 };
  const node = [process.execPath, '--input-type=module', '--eval', PROGRAM];

  const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -n 64 && exec "$@"', 'sh', ...node], limits);

  expect(JSON.parse(stdout)).toEqual([
    { kind: 'unauthorized', detail: 'credential plugin "echo" cannot be started: spawn echo EMFILE' },
    { token: 't' },
  ]);
});
