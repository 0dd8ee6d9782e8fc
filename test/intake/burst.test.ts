/** Many files at once, more than the kernel's queue of events holds. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { followIntake, type IntakeFollower, keyOf } from '../support/intake-follower.ts';
import { createTempDir } from '../support/temp-dir.ts';

const FILES = 10_000;

/** Each file in a round ends in a newline or not, and is written by rename or in place, by turns. */
const WRITER = `
const { writeFileSync, renameSync } = require('node:fs');
const [, round] = process.argv;
for (let index = 0; index < ${FILES}; index += 1) {
  const file = 's' + index + '_prod.dep';
  const content = 'v' + round + '.' + index + (index % 2 === 0 ? '\\n' : '');
  if (index % 3 === 0) {
    writeFileSync('.upload', content);
    renameSync('.upload', file);
  } else writeFileSync(file, content);
}
`;

const write = (dir: string, round: number) =>
  promisify(execFile)(process.execPath, ['-e', WRITER, `${round}`], { cwd: dir });

test(`${FILES} files replaced in one burst all end on their last content`, async () => {
  await using dir = await createTempDir('burst');
  await write(dir.path, 1);
  await using follower = await followIntake(dir.path);
  await eventually(() => isAt(follower, 1), { timeoutMs: 50_000, intervalMs: 100 });
  const memoryBefore = memoryMiB();

  const startMs = performance.now();
  await write(dir.path, 2);
  const writtenMs = performance.now();
  await eventually(() => isAt(follower, 2), { timeoutMs: 50_000, intervalMs: 20 });
  const doneMs = performance.now();

  console.log(
    `burst: ${FILES} files written in ${ms(writtenMs - startMs)}, all reported ${ms(doneMs - writtenMs)} later; ` +
      `${follower.looks()} looks; memory ${memoryBefore} MiB before, ${memoryMiB()} MiB after`,
  );
  expect(follower.reports.length).toBeLessThanOrEqual(2 * FILES);
});

test(`${FILES} files replaced while the process is held up all end on their last content`, async () => {
  await using dir = await createTempDir('burst');
  await write(dir.path, 1);
  await using follower = await followIntake(dir.path);
  await eventually(() => isAt(follower, 1), { timeoutMs: 50_000, intervalMs: 100 });

  const written = write(dir.path, 2);
  holdUp(4_000);
  await written;
  const writtenMs = performance.now();
  await eventually(() => isAt(follower, 2), { timeoutMs: 50_000, intervalMs: 20 });

  console.log(
    `burst while held up: ${FILES} files, all reported ${ms(performance.now() - writtenMs)} later; ` +
      `${follower.looks()} looks; memory ${memoryMiB()} MiB`,
  );
});

function isAt(follower: IntakeFollower, round: number): boolean {
  for (let index = 0; index < FILES; index += 1) {
    const look = follower.latest(`s${index}_prod.dep`)?.look;
    if (look?.kind !== 'wanted' || look.request.version !== `v${round}.${index}`) return false;
  }
  return follower.intake.keys().has(keyOf('s0_prod.dep'));
}

/** Blocks the event loop; the kernel's queue of 16,384 events overflows meanwhile, without a word. */
function holdUp(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

function memoryMiB(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}
