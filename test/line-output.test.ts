import { execFileSync } from 'node:child_process';
import { constants, openSync, readSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createLineOutput } from '../src/line-output.ts';
import { eventually } from './support/eventually.ts';
import { createTempDir } from './support/temp-dir.ts';

/** A pipe whose reader reads when it is told to. */
async function openPipe() {
  const dir = await createTempDir();
  execFileSync('mkfifo', [dir.file('pipe')]);
  const reader = openSync(dir.file('pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(dir.file('pipe'), constants.O_WRONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(65_536);
  /** What is there now. */
  const read = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch {
      return '';
    }
  };
  return { writer, read, [Symbol.asyncDispose]: dir.remove };
}

test('a line is written before the call returns', async () => {
  await using pipe = await openPipe();

  createLineOutput(pipe.writer, () => undefined).write('here\n');

  expect(pipe.read()).toBe('here\n');
});

test('what a reader that stands still does not take waits, and what is too much is dropped and counted', async () => {
  await using pipe = await openPipe();
  const dropped: number[] = [];
  const output = createLineOutput(pipe.writer, (count) => dropped.push(count));
  const lines = Array.from({ length: 3_000 }, (_, index) => `${index} ${'é'.repeat(500)}\n`);

  for (const line of lines) output.write(line);
  let text = '';
  await eventually(() => {
    text += pipe.read();
    return dropped.length > 0;
  });
  text += pipe.read();

  const read = text.split('\n').length - 1;
  expect(read).toBeGreaterThan(1_000);
  expect(text).toBe(lines.slice(0, read).join(''));
  expect(dropped).toEqual([lines.length - read]);
});

test('the end waits for a reader that is slow, and not for one that stands still', async () => {
  await using pipe = await openPipe();
  const output = createLineOutput(pipe.writer, () => undefined);
  for (let index = 0; index < 300; index += 1) output.write(`${'x'.repeat(999)}\n`);

  await output.flush(50);
  let length = 0;
  const reading = eventually(() => {
    length += pipe.read().length;
    return length === 300_000;
  });
  await output.flush(10_000);

  await reading;
});
