import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { createTempDir } from '../support/temp-dir.ts';
import { ROOT } from './manifest-files.ts';

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const context = readFileSync(join(ROOT, '.dockerignore'), 'utf8');
const { scripts, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** What is copied from the project, by path. */
const copied = [...dockerfile.matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap((line) => line[1]?.split(' ') ?? []);

test('all that is copied is there and not ignored', () => {
  expect(copied).toContain('src');
  for (const path of copied) {
    expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(context.split('\n')).toContain(`!${path}`);
  }
});

test('the bundle can be built from what is copied, and runs', async () => {
  await using folder = await createTempDir();
  for (const path of copied) {
    mkdirSync(dirname(folder.file(path)), { recursive: true });
    cpSync(join(ROOT, path), folder.file(path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), folder.file('node_modules'));
  // Without the install and the type check, which go before it.
  const bundle = scripts.build.split('&&').at(-1);

  const built = spawnSync('sh', ['-c', `PATH="$PWD/node_modules/.bin:$PATH" ${bundle}`], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  const run = spawnSync(process.execPath, [folder.file('dist/dke.cjs'), '--version'], { encoding: 'utf8' });

  expect([built.status, built.stderr]).toEqual([0, '']);
  expect(run.stdout).toBe(`${version}\n`);
});

test('the image starts the file it copies, without a shell and without rights', () => {
  const target = dockerfile.match(/^COPY --from=build \S+dke\.cjs (\S+)$/m)?.[1];
  const runtime = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

  expect(runtime).toMatch(/^\nFROM \S+:nonroot$/m);
  expect(runtime).toContain('USER 65532:65532');
  expect(runtime).toContain(`ENTRYPOINT ["/nodejs/bin/node", "${target}"]`);
  expect(runtime).not.toMatch(/^RUN/m);
});
