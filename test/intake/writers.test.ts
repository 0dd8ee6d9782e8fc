/** Every way people and pipelines write a file, with the real tools. */
import { execFile } from 'node:child_process';
import { open, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { followIntake } from '../support/intake-follower.ts';
import { requireTool } from '../support/required-tool.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const FILE = 'web_prod.dep';

/** Runs in the directory; $FILE is the dep file and $NEW holds the new content in a file outside. */
const WRITERS: Readonly<Record<string, { tool: string; script: string }>> = {
  'echo >': { tool: 'sh', script: 'cat "$NEW" > "$FILE"' },
  'rm and >>': { tool: 'sh', script: 'rm -f "$FILE"; cat "$NEW" >> "$FILE"' },
  'tmp + mv': { tool: 'mv', script: 'cat "$NEW" > .upload; mv .upload "$FILE"' },
  'mv from another directory': { tool: 'mv', script: 'cp "$NEW" "$NEW.moved"; mv "$NEW.moved" "$FILE"' },
  rsync: { tool: 'rsync', script: 'rsync -I "$NEW" "$FILE"' },
  'rsync -t': { tool: 'rsync', script: 'rsync -It "$NEW" "$FILE"' },
  'rsync --inplace': { tool: 'rsync', script: 'rsync -I --inplace "$NEW" "$FILE"' },
  'sed -i': { tool: 'sed', script: 'echo old > "$FILE"; sed -i "1s/.*/$(cat "$NEW")/" "$FILE"' },
  install: { tool: 'install', script: 'install -m 644 "$NEW" "$FILE"' },
  cp: { tool: 'cp', script: 'cp "$NEW" "$FILE"' },
  'cp -p': { tool: 'cp', script: 'touch -d "2001-01-01" "$NEW"; cp -p "$NEW" "$FILE"' },
  'ln -f': { tool: 'ln', script: 'cp "$NEW" "$NEW.linked"; ln -f "$NEW.linked" "$FILE"; rm "$NEW.linked"' },
  tee: { tool: 'tee', script: 'tee "$FILE" < "$NEW" > /dev/null' },
  dd: {
    tool: 'dd',
    script: 'dd if="$NEW" of="$FILE" conv=notrunc 2> /dev/null; truncate -s "$(stat -c %s "$NEW")" "$FILE"',
  },
  tar: { tool: 'tar', script: 'cp "$NEW" "$NEWDIR/$FILE"; tar -C "$NEWDIR" -c "$FILE" | tar -x' },
  'vim, default': {
    tool: 'vim',
    script: vim('set backupcopy=auto'),
  },
  'vim, backupcopy=yes': {
    tool: 'vim',
    script: vim('set backupcopy=yes'),
  },
  'vim, backupcopy=no': {
    tool: 'vim',
    script: vim('set backupcopy=no'),
  },
};

function vim(setting: string): string {
  return `vim -Nu NONE -es -c "${setting}" -c "call setline(1, readfile('$NEW'))" -c wq "$FILE" < /dev/null`;
}

/** Longer, shorter and of the same length as what was there before, with and without a newline at the end. */
const VERSIONS = ['v1.2.3\n', 'v2\n', 'v2.10.0-rc.1', 'v3', 'v4.0.0\n', 'v4.0.1\n', 'v5.0.0', 'v5.0.1', 'v6\n'];

for (const [name, { tool, script }] of Object.entries(WRITERS)) {
  describe.runIf(requireTool(tool))(name, () => {
    test('every version written is reported, and nothing else', async () => {
      await using dir = await createTempDir('writers');
      await using outside = await createTempDir('writers-source');
      await using follower = await followIntake(dir.path);

      for (const version of VERSIONS) {
        await writeFile(outside.file('new'), version);
        const env = { ...process.env, FILE, NEW: outside.file('new'), NEWDIR: outside.path };
        await run('sh', ['-ec', script], { cwd: dir.path, env });
        await follower.reported(FILE, version.trim());
      }

      const written = VERSIONS.map((version) => version.trim());
      expect(follower.versions(FILE).filter((version) => version !== 'old')).toEqual(written);
    });
  });
}

describe('a writer that pauses', () => {
  const PAUSES_MS = [1, 5, 20, 60, 150, 500];

  for (const pauseMs of PAUSES_MS) {
    test(`truncate, ${pauseMs} ms, write: the version is reported, an empty file never is`, async () => {
      await using dir = await createTempDir('writers');
      await writeFile(dir.file(FILE), 'v1.2.3\n');
      await using follower = await followIntake(dir.path);
      await follower.reported(FILE, 'v1.2.3');

      await pausing(dir, 'w', ['', 'v2\n'], pauseMs);
      await follower.reported(FILE, 'v2');
      await pausing(dir, 'w', ['', 'v3.0.0'], pauseMs);
      await follower.reported(FILE, 'v3.0.0');

      expect(follower.versions(FILE)).toEqual(['v1.2.3', 'v2', 'v3.0.0']);
      expect(follower.reports.every(({ look }) => look.kind === 'wanted')).toBe(true);
    });
  }

  for (const pauseMs of [1, 5, 20, 40]) {
    test(`in pieces, ${pauseMs} ms apart: only the whole version is reported`, async () => {
      await using dir = await createTempDir('writers');
      await using follower = await followIntake(dir.path, { settleMs: 200 });

      await pausing(dir, 'w', ['v1', '.2', '.3', '4'], pauseMs);
      await follower.reported(FILE, 'v1.2.34');
      await pausing(dir, 'w', ['v2', '.2', '.3', '\n'], pauseMs);
      await follower.reported(FILE, 'v2.2.3');

      expect(follower.versions(FILE)).toEqual(['v1.2.34', 'v2.2.3']);
    });
  }

  // Beyond the quiet time a pause cannot be told from the end, unless a newline is missing before or after it.
  for (const pauseMs of [1, 10, 50, 150]) {
    test(`over the old content, cut to length ${pauseMs} ms later: the mixture is never reported`, async () => {
      await using dir = await createTempDir('writers');
      await writeFile(dir.file(FILE), 'v1.2.3\n');
      await using follower = await followIntake(dir.path, { settleMs: 300 });
      await follower.reported(FILE, 'v1.2.3');

      const handle = await open(dir.file(FILE), 'r+');
      await handle.write('v2');
      await sleep(pauseMs);
      await handle.truncate(2);
      await handle.close();
      await follower.reported(FILE, 'v2');

      expect(follower.versions(FILE)).toEqual(['v1.2.3', 'v2']);
    });
  }
});

test('the same content saved again is not reported again', async () => {
  await using dir = await createTempDir('writers');
  await using follower = await followIntake(dir.path);
  await writeFile(dir.file(FILE), 'v1\n');
  await follower.reported(FILE, 'v1');
  const looks = follower.looks();

  await writeFile(dir.file(FILE), 'v1\n');
  await run('touch', [dir.file(FILE)]);
  await run('chmod', ['600', dir.file(FILE)]);
  await eventually(() => follower.looks() > looks);
  await writeFile(dir.file(FILE), 'v2\n');
  await follower.reported(FILE, 'v2');

  expect(follower.versions(FILE)).toEqual(['v1', 'v2']);
});

for (const restMs of [0, 20]) {
  test(`a file without a newline, renamed ${restMs} ms after it was written, does not wait for quiet`, async () => {
    await using dir = await createTempDir('writers');
    await using follower = await followIntake(dir.path, { settleMs: 60_000, rescanMs: 60_000 });

    // In the same tick of the clock of file times, only events can tell a rename from a write.
    for (let count = 1; count <= 20; count += 1) {
      await writeFile(dir.file('.upload'), `v${count}`);
      await sleep(restMs);
      await rename(dir.file('.upload'), dir.file(FILE));
      await follower.reported(FILE, `v${count}`);
    }
  });
}

test('a new file without a newline waits for quiet, although its name has just appeared', async () => {
  await using dir = await createTempDir('writers');
  await using follower = await followIntake(dir.path, { settleMs: 60_000, rescanMs: 60_000 });

  for (let count = 1; count <= 50; count += 1) await writeFile(dir.file(`s${count}_prod.dep`), 'v1');
  await writeFile(dir.file(FILE), 'v1\n');
  await follower.reported(FILE, 'v1');
  await eventually(() => follower.looks() > 50);

  expect(follower.reports.map(({ key }) => key)).toEqual(['web_prod']);
});

test('a file with a newline is reported without waiting for quiet', async () => {
  await using dir = await createTempDir('writers');
  await using follower = await followIntake(dir.path, { settleMs: 60_000, rescanMs: 60_000 });

  for (const version of ['v1', 'v22', 'v333', 'v4', 'v5']) {
    await writeFile(dir.file(FILE), `${version}\n`);
    await follower.reported(FILE, version);
  }
});

test('emptying, commenting out and removing a file reports nothing to deploy', async () => {
  await using dir = await createTempDir('writers');
  await writeFile(dir.file(FILE), 'v1\n');
  await using follower = await followIntake(dir.path, { settleMs: 20 });
  await follower.reported(FILE, 'v1');

  await writeFile(dir.file(FILE), '');
  await writeFile(dir.file(FILE), '# v1\n\n');
  await run('rm', [dir.file(FILE)]);
  await eventually(() => follower.latest(FILE)?.look.kind === 'absent');

  expect(follower.versions(FILE)).toEqual(['v1']);
});

async function pausing(dir: TempDir, flags: string, pieces: readonly string[], pauseMs: number): Promise<void> {
  const handle = await open(dir.file(FILE), flags);
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await sleep(pauseMs);
    if (piece !== '') await handle.write(piece);
  }
  await handle.close();
}
