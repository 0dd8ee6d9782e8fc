import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettings, withSettingsFile } from '../../src/cli/settings.ts';
import { type EngineOptions, startEngine } from '../support/engine-process.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { HELD_TO_PERMISSIONS } from '../support/permission-bits.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

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

/** What the engine says and how it ends when it does not start. */
const failedStart = (options: EngineOptions) => startEngine(options).then(String, String);

test.each([
  ['two arguments', (path: string) => ['run', '--settings', path]],
  ['one argument', (path: string) => ['run', `--settings=${path}`]],
  ['an option without a command', (path: string) => ['--settings', path]],
])('--settings as %s reads the variables of that file', async (_form, args) => {
  await writeFile(dir.file('production'), 'DRIFT=read from here\n');

  const problem = await failedStart({ args: args(dir.file('production')) });

  expect(problem).toContain('ended with 78');
  expect(problem).toContain('got "read from here"');
});

test('a settings file that is not there is told', async () => {
  const problem = await failedStart({ args: ['run', '--settings', dir.file('nowhere')] });

  expect(problem).toContain('ended with 78');
  expect(problem).toContain(`--settings: there is no file ${dir.file('nowhere')}`);
});

test('a directory in the place of a settings file is told', async () => {
  const problem = await failedStart({ args: ['run', '--settings', dir.path] });

  expect(problem).toContain('ended with 78');
  expect(problem).toContain(`--settings: ${dir.path} is a directory, not a file`);
});

test('a directory named .env is told by its own name', async () => {
  await mkdir(dir.file('.env'));

  const { status, stderr } = spawnSync(process.execPath, [MAIN], { cwd: dir.path, encoding: 'utf8' });

  expect(status).toBe(78);
  expect(stderr).toContain('  .env is a directory, not a file\n');
});

test('a settings file that may not be read is told', async () => {
  await writeFile(dir.file('secret'), 'DRIFT=ignore\n', { mode: 0o000 });

  const problem = await failedStart({ launcher: HELD_TO_PERMISSIONS, args: ['run', '--settings', dir.file('secret')] });

  expect(problem).toContain('ended with 78');
  expect(problem).toContain(`--settings: ${dir.file('secret')} may not be read`);
});

test('the option without its file is a wrong command line', async () => {
  expect(await failedStart({ args: ['run', '--settings'] })).toContain('ended with 64');
});

test.each([
  ['with a byte order mark', '\uFEFF'],
  ['without one', ''],
])('a settings file in UTF-16 %s is refused, not read as empty', async (_how, mark) => {
  await writeFile(dir.file('env'), Buffer.from(`${mark}DRIFT=ignore\r\n`, 'utf16le'));

  expect(() => withSettingsFile({}, dir.file('env'))).toThrow(`${dir.file('env')} is UTF-16 or not text`);
});

test('a settings file in UTF-8 with a byte order mark is read', async () => {
  await writeFile(dir.file('env'), '\uFEFFDRIFT=ignore\r\n');

  expect(withSettingsFile({}, dir.file('env'))).toEqual({ DRIFT: 'ignore' });
});

test('a variable that is set wins over the settings file, also when it is set to nothing', async () => {
  await writeFile(dir.file('env'), 'WEBHOOK_FOR_SLACK=https://hooks.example.com/x\nDRIFT_FILE=/x\nECR_REPO=here\n');

  const env = withSettingsFile({ WEBHOOK_FOR_SLACK: '', DRIFT: 'ignore', ECR_REPO_FILE: '/y' }, dir.file('env'));

  expect(env).toEqual({ WEBHOOK_FOR_SLACK: '', DRIFT: 'ignore', ECR_REPO_FILE: '/y' });
});
