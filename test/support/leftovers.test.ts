import { existsSync, rmdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { listAt, textAt } from './json.ts';
import { isAlive, startScript } from './script-process.ts';

test('processes and folders go when the process that started them is killed', async () => {
  const { child, told } = await startScript(
    import.meta.dirname,
    `
      import { startChild } from './child-process.ts';
      import { createTempDir } from './temp-dir.ts';
      const dir = await createTempDir();
      const sleeper = { command: 'sleep', args: ['300'], logFile: dir.file('log') };
      const children = await Promise.all([1, 2, 3].map(() => startChild(sleeper)));
      children[1].signal('SIGSTOP');
      console.log(JSON.stringify({ folder: dir.path, pids: children.map(({ pid }) => pid) }));
    `,
  );
  const folder = textAt(told, 'folder');
  const pids = listAt(told, 'pids').map(Number);
  expect(existsSync(folder)).toBe(true);
  expect(pids.map(isAlive)).toEqual([true, true, true]);

  child.kill('SIGKILL');

  await eventually(() => !pids.some(isAlive) && !existsSync(folder));
});

test('what was removed in time is not touched any more', async () => {
  const { child, told } = await startScript(
    import.meta.dirname,
    `
      import { mkdirSync } from 'node:fs';
      import { createTempDir } from './temp-dir.ts';
      const [removed, held] = [await createTempDir(), await createTempDir()];
      await removed.remove();
      mkdirSync(removed.path);
      console.log(JSON.stringify({ removed: removed.path, held: held.path }));
    `,
  );
  const removed = textAt(told, 'removed');

  child.kill('SIGKILL');

  await eventually(() => !existsSync(textAt(told, 'held')));
  expect(existsSync(removed)).toBe(true);
  rmdirSync(removed);
});
