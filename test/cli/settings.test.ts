import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettings } from '../../src/cli/settings.ts';
import { startEngine } from '../support/engine-process.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
});

afterEach(() => dir.remove());

test('the directory that a file names is the one that is checked', async () => {
  await mkdir(dir.file('deps'));
  await writeFile(dir.file('DEPS'), `${dir.file('deps')}\n`);

  const parsed = readSettings({ DEPS_FILE: dir.file('DEPS') });

  expect(parsed).toMatchObject({ kind: 'config', config: { deps: dir.file('deps') } });
});

test('a missing directory is told with every other problem', () => {
  const parsed = readSettings({ DEPS: dir.file('deps'), DRIFT: 'away' });

  expect(parsed).toMatchObject({
    problems: [expect.stringMatching(/^DRIFT: /), expect.stringContaining(`there is no "${dir.file('deps')}"`)],
  });
});

test('a DEPS that is wrong itself does not have another directory complained about', () => {
  const parsed = readSettings({ DEPS_FILE: dir.file('DEPS') });

  expect(parsed).toMatchObject({ problems: [`DEPS_FILE: there is no file ${dir.file('DEPS')}`] });
});

test.each([
  ['KUBECONFIG_FILE', '/nowhere/kubeconfig'],
  ['KUBE_CONTEXT_FILE', 'nowhere'],
])('the cluster is looked for where the file of %s says', async (name, value) => {
  await writeFile(dir.file('value'), `${value}\n`);
  await writeFile(dir.file('kubeconfig'), kubeconfigText({ server: 'http://127.0.0.1:1' }));
  const kubeconfig = name === 'KUBECONFIG_FILE' ? {} : { KUBECONFIG: dir.file('kubeconfig') };

  const problem = await startEngine({ env: { ...kubeconfig, [name]: dir.file('value') } }).then(String, String);

  expect(problem).toContain('ended with 78');
  expect(problem).toContain(value);
});
