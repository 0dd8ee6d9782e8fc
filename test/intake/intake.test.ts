import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { followIntake } from '../support/intake-follower.ts';
import { createTempDir } from '../support/temp-dir.ts';

test('a file that is there at the start is hinted and wanted', async () => {
  await using dir = await createTempDir('intake');
  await writeFile(dir.file('web_prod.dep'), 'v1\n');

  await using follower = await followIntake(dir.path);

  await follower.reported('web_prod.dep', 'v1');
  expect([...follower.intake.keys()]).toEqual(['web_prod']);
});

test('a new file and an overwrite are wanted', async () => {
  await using dir = await createTempDir('intake');
  await using follower = await followIntake(dir.path, { rescanMs: 60_000 });

  await writeFile(dir.file('web_prod.dep'), 'v1\n');
  await follower.reported('web_prod.dep', 'v1');
  await writeFile(dir.file('web_prod.dep'), 'v2');
  await follower.reported('web_prod.dep', 'v2');

  expect(follower.versions('web_prod.dep')).toEqual(['v1', 'v2']);
});
