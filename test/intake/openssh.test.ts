/** The path drawn in every pipeline: scp to the box. A real OpenSSH server and its real clients, at the intake. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { followIntake, type IntakeFollower } from '../support/intake-follower.ts';
import { type OpensshServer, SSHD, startOpensshServer } from '../support/openssh-server.ts';
import { requireTool } from '../support/required-tool.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const FILES = 100;

type Upload = (server: OpensshServer, files: readonly string[], remoteDir: string) => Promise<void>;

const UPLOADS: Readonly<Record<string, Upload>> = {
  scp: (server, files, dir) => server.scp(files, dir),
  'scp -p': (server, files, dir) => server.scp(files, dir, ['-p']),
  'scp -O': (server, files, dir) => server.scp(files, dir, ['-O']),
  sftp: (server, files, dir) => server.sftp(files.map((file) => `put ${file} ${dir}/${basename(file)}`)),
};

/** What each file holds in turn: new, then longer, shorter and as long as before; every pair of ends occurs. */
const ROUNDS = [
  (index: number) => `v1.2.${index}`,
  (index: number) => `v2.10.${index}-rc.1`,
  (index: number) => `v3.${index % 7}`,
  (index: number) => `v4.${(index + 1) % 7}`,
];

function content(round: number, index: number): string {
  const version = ROUNDS[round]?.(index) ?? '';
  return version + ((index >> round) % 2 === 0 ? '\n' : '');
}

describe.runIf(requireTool(SSHD, 'scp', 'sftp'))('a real OpenSSH server', () => {
  let server: OpensshServer;
  beforeAll(async () => {
    server = await startOpensshServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  for (const [name, upload] of Object.entries(UPLOADS)) {
    test(`${name}: ${FILES} new files and ${3 * FILES} overwrites, none lost and none invented`, async () => {
      await using deps = await createTempDir('deps');
      await using source = await createTempDir('source');
      await using follower = await followIntake(deps.path);

      for (const round of ROUNDS.keys()) {
        await upload(server, await prepare(source, round), deps.path);
        await eventually(() =>
          fileNames().every((file, index) => latestVersion(follower, file) === version(round, index)),
        );
      }

      for (const [index, file] of fileNames().entries()) {
        expect(versionsInTurn(follower, file)).toEqual([...ROUNDS.keys()].map((round) => version(round, index)));
      }
    });
  }

  for (const [name, upload] of Object.entries(UPLOADS)) {
    test(`${name} over a line with a round trip of 60 ms: the mixture on the way is never reported`, async () => {
      await using line = await server.delayedBy(30);
      await using deps = await createTempDir('deps');
      await using source = await createTempDir('source');
      await using follower = await followIntake(deps.path);
      const files = [source.file('a_prod.dep'), source.file('b_prod.dep')];

      for (const text of ['v1.2.3\n', 'v2', 'v2.0.1', 'v3\n']) {
        await Promise.all(files.map((file) => writeFile(file, text)));
        await upload(line, files, deps.path);
        await eventually(() => files.every((file) => latestVersion(follower, basename(file)) === text.trim()));
      }

      for (const file of files) {
        expect(versionsInTurn(follower, basename(file))).toEqual(['v1.2.3', 'v2', 'v2.0.1', 'v3']);
      }
    });
  }

  test('one file put a hundred times in a row ends on the last, and holds nothing that nobody wrote', async () => {
    await using deps = await createTempDir('deps');
    await using source = await createTempDir('source');
    await using follower = await followIntake(deps.path);
    const written = Array.from({ length: 100 }, (_, index) => `v${index}${'.0'.repeat(index % 4)}`);
    await Promise.all(
      written.map((text, index) => writeFile(source.file(`${index}`), text + (index % 3 === 0 ? '\n' : ''))),
    );

    await server.sftp(written.map((_, index) => `put ${source.file(`${index}`)} ${deps.file('web_prod.dep')}`));
    await eventually(() => latestVersion(follower, 'web_prod.dep') === written.at(-1));

    expect(written).toEqual(expect.arrayContaining(follower.versions('web_prod.dep')));
  });
});

function fileNames(): string[] {
  return Array.from({ length: FILES }, (_, index) => `s${index}_prod.dep`);
}

function version(round: number, index: number): string {
  return content(round, index).trim();
}

async function prepare(source: TempDir, round: number): Promise<string[]> {
  const files = fileNames().map(source.file);
  await Promise.all(files.map((file, index) => writeFile(file, content(round, index))));
  return files;
}

/**
 * Where `v2` is written over `v1` and a newline, the file holds `v2` and that newline until it is cut: another content
 * for a moment, and the version that was meant all the same.
 */
function versionsInTurn(follower: IntakeFollower, file: string): string[] {
  return follower.versions(file).filter((version, index, all) => version !== all[index - 1]);
}

function latestVersion(follower: IntakeFollower, file: string): string | undefined {
  const look = follower.latest(file)?.look;
  return look?.kind === 'wanted' ? look.request.version : undefined;
}
