/** What happens to the directory itself. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { followIntake, keyOf } from '../support/intake-follower.ts';
import { startIntakeProcess } from '../support/intake-process.ts';
import { createTempDir } from '../support/temp-dir.ts';

const FILE = 'web_prod.dep';
const RESCAN_MS = 300;

test('a directory removed and made again is followed, and its files are not taken for deleted meanwhile', async () => {
  await using temp = await createTempDir('directory');
  const deps = temp.file('deps');
  await mkdir(deps);
  await writeFile(join(deps, FILE), 'v1\n');
  await using follower = await followIntake(deps, { rescanMs: RESCAN_MS });
  await follower.reported(FILE, 'v1');

  await rename(deps, temp.file('away'));
  await eventually(() => follower.health.at(-1)?.degraded === true);
  const [keys, look] = [follower.intake.keys(), await follower.intake.look(keyOf(FILE))];
  await mkdir(deps);
  await eventually(() => follower.health.at(-1)?.degraded === false);
  await writeFile(join(deps, FILE), 'v2\n');
  await follower.reported(FILE, 'v2');

  expect([...keys]).toEqual(['web_prod']);
  expect(look.kind).toBe('unreadable');
  expect(follower.versions(FILE)).toEqual(['v1', 'v2']);
});

test('events come from a directory put in the place of another', async () => {
  await using temp = await createTempDir('directory');
  const deps = temp.file('deps');
  await mkdir(deps);
  await mkdir(temp.file('next'));
  await writeFile(join(deps, FILE), 'v1\n');
  await writeFile(join(temp.file('next'), FILE), 'v2\n');
  await using follower = await followIntake(deps, { rescanMs: RESCAN_MS });
  await follower.reported(FILE, 'v1');

  await rename(deps, temp.file('last'));
  await rename(temp.file('next'), deps);
  await follower.reported(FILE, 'v2');
  await writeFile(join(deps, FILE), 'v33\n');
  await follower.reported(FILE, 'v33');

  expect(follower.versions(FILE)).toEqual(['v1', 'v2', 'v33']);
});

test('a directory removed and made again twenty times is not lost sight of', async () => {
  await using temp = await createTempDir('directory');
  const deps = temp.file('deps');
  await mkdir(deps);
  await using follower = await followIntake(deps, { rescanMs: RESCAN_MS });

  for (let count = 1; count <= 20; count += 1) {
    await rm(deps, { recursive: true });
    await mkdir(deps);
    await writeFile(join(deps, FILE), `v${count}\n`);
  }
  await follower.reported(FILE, 'v20');
  await writeFile(join(deps, FILE), 'v100\n');

  await follower.reported(FILE, 'v100');
});

test('a link to the directory may be pointed elsewhere', async () => {
  await using temp = await createTempDir('directory');
  for (const release of ['r1', 'r2']) {
    await mkdir(temp.file(release));
    await writeFile(join(temp.file(release), FILE), `${release}\n`);
  }
  const deps = temp.file('deps');
  await symlink('r1', deps);
  await using follower = await followIntake(deps, { rescanMs: RESCAN_MS });
  await follower.reported(FILE, 'r1');

  await symlink('r2', temp.file('deps.new'));
  await rename(temp.file('deps.new'), deps);
  await follower.reported(FILE, 'r2');
  await writeFile(join(deps, FILE), 'r2.1\n');

  await follower.reported(FILE, 'r2.1');
});

test('a mounted ConfigMap is followed from one version to the next, long before the rescan', async () => {
  await using temp = await createTempDir('directory');
  await symlink(join('..data', FILE), temp.file(FILE));
  await mountVersion('v1');
  await using follower = await followIntake(temp.path, { rescanMs: 600_000 });
  await follower.reported(FILE, 'v1');

  await mountVersion('v2');

  await follower.reported(FILE, 'v2');

  async function mountVersion(version: string): Promise<void> {
    await mkdir(temp.file(`..${version}`));
    await writeFile(temp.file(join(`..${version}`, FILE)), version);
    await symlink(`..${version}`, temp.file('..data_tmp'));
    await rename(temp.file('..data_tmp'), temp.file('..data'));
  }
});

test('a directory that is missing at the start is found when it is made', async () => {
  await using temp = await createTempDir('directory');
  const deps = temp.file('parent/deps');
  await using follower = await followIntake(deps, { rescanMs: RESCAN_MS });
  expect(follower.health.at(-1)).toMatchObject({ degraded: true, reason: expect.stringContaining('ENOENT') });

  await mkdir(deps, { recursive: true });
  await writeFile(join(deps, FILE), 'v1\n');

  await follower.reported(FILE, 'v1');
  await eventually(() => follower.health.at(-1)?.degraded === false);
});

test('a file whose name is not UTF-8 is passed over', async () => {
  await using temp = await createTempDir('directory');
  await writeFile(
    Buffer.concat([Buffer.from(`${temp.path}/`), Buffer.from([0xff, 0xfe]), Buffer.from('_prod.dep')]),
    'v1\n',
  );
  await writeFile(temp.file(FILE), 'v1\n');

  await using follower = await followIntake(temp.path);

  await follower.reported(FILE, 'v1');
  expect([...follower.intake.keys()]).toEqual(['web_prod']);
  expect(follower.reports).toHaveLength(1);
});

/** Root reads everything, so as root the intake runs as another user. */
const AS_OTHERS = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
const CAN_RUN_AS_OTHERS =
  AS_OTHERS.length === 0 || spawnSync('setpriv', [...AS_OTHERS.slice(1), process.execPath, '-v']).status === 0;

test.runIf(CAN_RUN_AS_OTHERS)(
  'a directory, and a file, made unreadable and readable again are taken up again',
  async () => {
    await using temp = await createTempDir('directory');
    await chmod(temp.path, 0o755);
    await writeFile(temp.file(FILE), 'v1\n');
    await using intake = startIntakeProcess(temp.path, AS_OTHERS);
    await eventually(() => intake.versions.at(-1) === 'v1');

    await chmod(temp.path, 0o000);
    await eventually(() => intake.health.at(-1)?.degraded === true);
    await chmod(temp.path, 0o755);
    await eventually(() => intake.health.at(-1)?.degraded === false);
    await writeFile(temp.file(FILE), 'v22\n');
    await eventually(() => intake.versions.at(-1) === 'v22');

    await chmod(temp.file(FILE), 0o000);
    await rm(temp.file(FILE));
    await writeFile(temp.file(FILE), 'v333\n', { mode: 0o000 });
    await chmod(temp.file(FILE), 0o644);
    await eventually(() => intake.versions.at(-1) === 'v333');

    expect(intake.health[0]?.reason).toContain('EACCES');
    expect(intake.versions).toEqual(['v1', 'v22', 'v333']);
  },
);

test.runIf(CAN_RUN_AS_OTHERS)('a file that stays unreadable is told, and again when it can be read', async () => {
  await using temp = await createTempDir('directory');
  await chmod(temp.path, 0o755);
  await writeFile(temp.file(FILE), 'v1\n', { mode: 0o000 });
  await using intake = startIntakeProcess(temp.path, AS_OTHERS);

  await eventually(() => intake.health.length === 1);
  await chmod(temp.file(FILE), 0o644);
  await eventually(() => intake.health.length === 2);

  expect(intake.health[0]?.reason).toMatch(/^not readable, and so not deployed: web_prod\.dep \(EACCES/);
  expect(intake.health[1]?.degraded).toBe(false);
  expect(intake.versions).toEqual(['v1']);
});

test('after stop nothing is hinted any more, and a look still answers', async () => {
  await using temp = await createTempDir('directory');
  await writeFile(temp.file(FILE), 'v1\n');
  const follower = await followIntake(temp.path, { rescanMs: RESCAN_MS });
  await follower.reported(FILE, 'v1');

  await Promise.all([follower.stop(), follower.stop()]);
  await follower.stop();
  const looks = follower.looks();
  await unlink(temp.file(FILE));

  expect(await follower.intake.look(keyOf(FILE))).toEqual({ kind: 'absent' });
  expect(follower.looks()).toBe(looks);
});
