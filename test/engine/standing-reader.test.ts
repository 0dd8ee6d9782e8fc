import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from '../support/child-process.ts';
import { eventually } from '../support/eventually.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { createTempDir } from '../support/temp-dir.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
/** Each is told in a line and answered in a file; together they are more than a pipe holds. */
const FILES = 400;

test('while the reader of its log stands still, the engine answers every file and hears SIGTERM', async () => {
  await using dir = await createTempDir();
  execFileSync('mkfifo', [dir.file('pipe')]);
  // For reading and writing, so that opening it waits for nobody.
  const pipe = openSync(dir.file('pipe'), 'r+');
  await mkdir(dir.file('deps'));
  await writeFile(dir.file('kubeconfig'), kubeconfigText({ server: 'http://127.0.0.1:1' }));
  const engine = await startChild({
    command: 'sh',
    args: ['-c', 'exec "$0" "$1" > "$2"', process.execPath, MAIN, dir.file('pipe')],
    env: { PATH: process.env.PATH, DEPS: dir.file('deps'), KUBECONFIG: dir.file('kubeconfig') },
    logFile: dir.file('log'),
  });

  try {
    for (let index = 0; index < FILES; index += 1) {
      await writeFile(join(dir.file('deps'), `No-Target-${index}-${'x'.repeat(100)}.dep`), '1.0\n');
    }
    const answers = async () => (await readdir(dir.file('deps'))).filter((name) => name.endsWith('.status.json'));
    await eventually(async () => (await answers()).length === FILES, { timeoutMs: 30_000 });
    engine.signal('SIGTERM');

    expect(await engine.exited).toEqual({ code: 0, signal: null });
  } finally {
    engine.signal('SIGKILL');
    closeSync(pipe);
  }
});
