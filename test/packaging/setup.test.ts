/** The set-up that every npm command begins with, in a project of its own and with a stand-in for npm. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { requireTool } from '../support/required-tool.ts';
import { createTempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const SETUP = join(import.meta.dirname, '../../.ci/setup');

/** Fails when another one is at work, as `npm ci` does once it finds its folders gone. */
const NPM = `#!/bin/sh
echo called >> calls
mkdir busy || exit 1
rm -rf node_modules
mkdir -p node_modules/.bin
sleep 0.3
ln -s "$(cat node)" node_modules/.bin/node
touch node_modules/.package-lock.json
rmdir busy
`;

describe.runIf(requireTool('flock'))('two commands on a fresh clone', () => {
  test('install once, and both go on when that is done', async () => {
    await using project = await createTempDir();
    await Promise.all([mkdir(project.file('.ci')), mkdir(project.file('bin'))]);
    await copyFile(SETUP, project.file('.ci/setup'));
    await writeFile(project.file('bin/npm'), NPM);
    await chmod(project.file('bin/npm'), 0o755);
    await writeFile(project.file('node'), process.execPath);
    await writeFile(project.file('package-lock.json'), '{}');
    const env = { PATH: `${project.file('bin')}:/usr/bin:/bin` };
    const setUp = () => run('sh', [project.file('.ci/setup')], { cwd: project.path, env });

    await Promise.all([setUp(), setUp()]);
    await setUp();

    expect(await readFile(project.file('calls'), 'utf8')).toBe('called\n');
  });
});
