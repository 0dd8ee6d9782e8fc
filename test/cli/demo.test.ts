import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startEngine } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { createTempDir } from '../support/temp-dir.ts';

test('a demo that is stopped in the middle of its act says so, and ends with 1', async () => {
  await using dir = await createTempDir();
  const logFile = dir.file('demo.log');
  await using demo = await startEngine({ args: ['demo', '--once'], logFile, untilWatching: false });
  const said = () => readFile(logFile, 'utf8');
  await eventually(async () => (await said()).includes('2. A version that is not in the registry'));

  const code = await demo.stop();

  expect(code).toBe(1);
  expect(await said()).toContain('Stopped before the end of the act.');
  expect(await said()).not.toContain('Everything went as it should.');
});

test('a demo that breaks in the middle ends with 1 and leaves no folder behind', async () => {
  const dir = await createTempDir();
  await using demo = await startEngine({ args: ['demo', '--once'], env: { TMPDIR: dir.path }, untilWatching: false });
  const deps = await eventually(async () => {
    const [folder] = await readdir(dir.path, { recursive: true }).then((names) =>
      names.filter((name) => /\/deps-/.test(name)),
    );
    return folder !== undefined && join(dir.path, folder);
  });

  // Where the act writes its third version.
  await mkdir(join(deps, 'api_shop.dep'));
  const { code } = await demo.exited;

  expect(code).toBe(1);
  expect(await readdir(dir.path)).toEqual([]);
  await dir.remove();
});
