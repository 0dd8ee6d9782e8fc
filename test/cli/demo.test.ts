import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { startChild } from '../support/child-process.ts';
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

test('a demo ends when the npm that runs it is told to, and leaves no folder behind', async () => {
  const byCtrlC = (npm: number) => process.kill(-npm, 'SIGINT');
  const byItsParent = (npm: number) => process.kill(npm, 'SIGTERM');
  for (const end of [byCtrlC, byItsParent]) {
    await using project = await createTempDir();
    await using dir = await createTempDir();
    await writeFile(project.file('package.json'), JSON.stringify({ scripts: { demo: demoScript() } }));
    const env = { PATH: process.env.PATH, HOME: project.path, TMPDIR: dir.path };
    const logFile = project.file('demo.log');
    const npm = await startChild({ command: 'npm', args: ['run', 'demo'], env, cwd: project.path, logFile });
    await eventually(async () => (await readFile(logFile, 'utf8')).includes('1. A good version'));

    end(npm.pid);
    await npm.exited;

    // npm has a folder of its own there.
    expect((await readdir(dir.path)).filter((name) => name.startsWith('dke-'))).toEqual([]);
  }
});

/** The script of package.json without its set-up, which would install into the project under test. */
function demoScript(): string {
  const main = join(import.meta.dirname, '../../src/main.ts');
  return packageJson.scripts.demo.replace('npm run -s setup', 'true').replace('src/main.ts', `"${main}"`);
}
