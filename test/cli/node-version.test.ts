import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeProblem, OLDEST_NODE } from '../../src/cli/node-version.ts';
import { createTempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');

test('an older Node is named with its path, and not to be tried again', async () => {
  await using dir = await createTempDir();
  writeFileSync(dir.file('older.cjs'), "Object.defineProperty(process, 'version', { value: 'v20.11.0' });");

  const { status, stderr } = spawnSync(process.execPath, ['-r', dir.file('older.cjs'), join(ROOT, 'src/main.ts')], {
    cwd: dir.path,
    encoding: 'utf8',
  });

  expect(stderr).toBe(`deployment-k8s-engine needs Node 24 or newer, this is v20.11.0 (${process.execPath})\n`);
  expect(status).toBe(78);
});

test.each(['v24.0.0', 'v26.1.0', process.version])('%s is new enough', (version) => {
  expect(nodeProblem(version, 'node')).toBeUndefined();
});

test('package.json asks for the same', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  expect(engines).toEqual({ node: `>=${OLDEST_NODE}` });
});
