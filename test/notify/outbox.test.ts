import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOutbox, type Outbox, type OutboxProblem, type SendResult } from '../../src/notify/outbox.ts';
import { type BoundedRead, readBounded } from '../../src/state/bounded-read.ts';
import { writeDurably } from '../../src/state/durable.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

let folder: TempDir;
let dir: string;
let clock: ManualClock;
let problems: OutboxProblem[];
/** Ids in the order in which the receiver saw them. */
let received: string[];
/** What the receiver answers; delivered when it has nothing to say. */
let answer: (id: string, signal: AbortSignal) => SendResult | Promise<SendResult>;
let outboxes: Outbox[];

beforeEach(async () => {
  folder = await createTempDir();
  dir = folder.file('outbox');
  clock = createManualClock();
  problems = [];
  received = [];
  answer = () => ({ kind: 'delivered' });
  outboxes = [];
});

afterEach(async () => {
  for (const outbox of outboxes) await outbox.stop(0);
  await folder.remove();
});

function openOutbox({ read = readBounded, write = writeDurably } = {}): Outbox {
  const outbox = createOutbox({
    dir,
    read,
    write,
    clock,
    onProblem: (problem) => problems.push(problem),
    send: async ({ id }, signal) => {
      received.push(id);
      return answer(id, signal);
    },
  });
  outboxes.push(outbox);
  return outbox;
}

const kinds = () => problems.map(({ kind }) => kind);
const retry = (afterMs?: number): SendResult => ({
  kind: 'retry',
  reason: 'HTTP 503',
  ...(afterMs === undefined ? {} : { afterMs }),
});
const entryFiles = async () => (await readdir(dir)).filter((name) => /^\d+\.json$/.test(name));
const receivedAll = (count: number) => eventually(() => received.length >= count);
const delivered = (outbox: Outbox) => eventually(() => outbox.depth === 0);

async function putAll(outbox: Outbox, ids: readonly string[]): Promise<void> {
  for (const id of ids) await outbox.put(id, { text: id });
}

/** Lets the clock run until the fact holds. */
function whileTimePasses(fact: () => boolean): Promise<boolean> {
  return eventually(() => {
    clock.advance(1000);
    return fact();
  });
}

test('messages arrive in the order in which they were put, each once', async () => {
  const outbox = openOutbox();
  await outbox.start();
  const ids = Array.from({ length: 12 }, (_, index) => `m${index}`);

  await Promise.all(ids.map((id) => outbox.put(id, { text: id })));
  await whileTimePasses(() => outbox.depth === 0);

  expect(received).toEqual(ids);
  expect(await entryFiles()).toEqual([]);
});

test('a small burst goes at once, then one message a second', async () => {
  const outbox = openOutbox();
  await outbox.start();

  await putAll(outbox, ['1', '2', '3', '4', '5']);
  await eventually(() => clock.waits.includes(1000));
  expect(received).toEqual(['1', '2', '3']);

  clock.advance(1000);
  await eventually(() => received.length === 4 && clock.waits.includes(1000));
  clock.advance(999);
  expect(received).toHaveLength(4);
  clock.advance(1);
  await receivedAll(5);
});

test('a failing message is tried again for ever, with growing pauses up to a minute', async () => {
  answer = () => retry();
  const outbox = openOutbox();
  await outbox.start();
  await outbox.put('m', {});

  const pauses: number[] = [];
  for (let failures = 1; failures <= 9; failures += 1) {
    await eventually(() => received.length === failures && clock.waits.length === 1);
    pauses.push(clock.waits[0] ?? 0);
    clock.advance(60_000);
  }

  const full = [1, 2, 4, 8, 16, 32, 60, 60, 60];
  for (const [index, pause] of pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual((full[index] ?? 0) * 500);
    expect(pause).toBeLessThanOrEqual((full[index] ?? 0) * 1000);
  }
  expect(kinds()).toEqual(['delayed']);
});

test('the pause the receiver asks for is kept, up to five minutes', async () => {
  const pauses = [30_000, 3_600_000];
  answer = () => {
    const afterMs = pauses[received.length - 1];
    return afterMs === undefined ? { kind: 'delivered' } : retry(afterMs);
  };
  const outbox = openOutbox();
  await outbox.start();
  await outbox.put('m', {});

  await eventually(() => clock.waits.includes(30_000));
  clock.advance(29_999);
  expect(received).toHaveLength(1);
  clock.advance(1);
  await eventually(() => clock.waits.includes(300_000));
  clock.advance(300_000);
  await delivered(outbox);

  expect(received).toEqual(['m', 'm', 'm']);
  expect(kinds()).toEqual(['delayed', 'resumed']);
});

test('a message that waits lets none overtake it', async () => {
  let down = true;
  answer = () => (down ? retry() : { kind: 'delivered' });
  const outbox = openOutbox();
  await outbox.start();
  await putAll(outbox, ['1', '2']);
  await receivedAll(1);

  down = false;
  await whileTimePasses(() => outbox.depth === 0);

  expect(received).toEqual(['1', '1', '2']);
});

test('an id is told once, also when it comes again after a restart', async () => {
  const first = openOutbox();
  await first.start();
  await putAll(first, ['m', 'm']);
  await delivered(first);
  await first.put('m', {});
  await first.stop(0);

  const second = openOutbox();
  await second.start();
  await putAll(second, ['m', 'n']);
  await delivered(second);

  expect(received).toEqual(['m', 'n']);
});

test('what is not sent waits on disk and goes first after a restart', async () => {
  const first = openOutbox();
  await putAll(first, ['1', '2']);
  await first.stop(0);

  const second = openOutbox();
  await second.put('3', {});
  await second.start();
  await second.put('2', {});
  await whileTimePasses(() => second.depth === 0);

  expect(received).toEqual(['1', '2', '3']);
});

test('an entry noted as sent but not yet removed when killed is not sent again', async () => {
  const first = openOutbox();
  await first.put('m', { text: 'm' });
  await first.stop(0);
  await writeFile(join(dir, 'sent.json'), '["m"]');

  const second = openOutbox();
  await second.start();
  await second.put('n', {});
  await delivered(second);

  expect(received).toEqual(['n']);
  expect(await entryFiles()).toEqual([]);
});

test('a message the receiver will never take is set aside, told, and not put again', async () => {
  answer = (id) => (id === 'bad' ? { kind: 'dead', reason: 'HTTP 400 invalid_payload' } : { kind: 'delivered' });
  const outbox = openOutbox();
  await outbox.start();

  await putAll(outbox, ['bad', 'good', 'bad']);
  await delivered(outbox);

  expect(received).toEqual(['bad', 'good']);
  expect(problems).toEqual([
    {
      kind: 'dead-letter',
      message: 'message bad is set aside undelivered, in dead/ of the outbox: HTTP 400 invalid_payload',
    },
  ]);
  const [grave] = await readdir(join(dir, 'dead'));
  expect(JSON.parse(await readFile(join(dir, 'dead', grave ?? ''), 'utf8'))).toEqual({
    id: 'bad',
    payload: { text: 'bad' },
  });
});

test('at most a hundred dead letters are kept', async () => {
  answer = () => ({ kind: 'dead', reason: 'HTTP 404 no_service' });
  const outbox = openOutbox();
  await outbox.start();

  await putAll(
    outbox,
    Array.from({ length: 105 }, (_, index) => `m${index}`),
  );
  await whileTimePasses(() => outbox.depth === 0);
  await outbox.stop(0);

  expect(await readdir(join(dir, 'dead'))).toHaveLength(100);
});

test('a damaged entry is set aside and the rest is sent', async () => {
  const first = openOutbox();
  await putAll(first, ['1', '2', '3']);
  await first.stop(0);
  const [, second] = await entryFiles();
  await writeFile(join(dir, second ?? ''), '{"id": "2", "payl');
  await writeFile(join(dir, '.dke-0123456789abcdef.tmp'), 'half');

  const outbox = openOutbox();
  await outbox.start();
  await delivered(outbox);

  expect(received).toEqual(['1', '3']);
  expect(kinds()).toContain('files');
  expect(await readdir(join(dir, 'dead'))).toHaveLength(1);
  expect((await readdir(dir)).sort()).toEqual(['dead', 'sent.json']);
});

test('an entry whose file is taken away while it waits does not hold up the rest', async () => {
  const outbox = openOutbox();
  await putAll(outbox, ['1', '2']);
  const [first] = await entryFiles();
  await rm(join(dir, first ?? ''));

  await outbox.start();
  await delivered(outbox);

  expect(received).toEqual(['2']);
  expect(kinds()).toContain('lost');
});

test('a message that cannot be saved is told as such, and sent from memory', async () => {
  const outbox = openOutbox({
    write: async (path) => {
      throw new Error(`cannot write ${path}: the disk is full`);
    },
  });
  await outbox.put('m', { text: 'm' });
  expect(kinds()).toContain('not-saved');

  await outbox.start();
  await delivered(outbox);

  expect(received).toEqual(['m']);
});

test('what waits in memory only is saved at the stop when the disk has room again, else told as lost', async () => {
  let isFull = true;
  const outbox = openOutbox({
    write: async (path, data, mode) => {
      if (isFull || String(data).includes('never')) throw new Error('the disk is full');
      await writeDurably(path, data, mode);
    },
  });
  await putAll(outbox, ['later', 'never']);
  isFull = false;
  await outbox.stop(0);

  expect(await entryFiles()).toHaveLength(1);
  expect(problems.filter(({ kind }) => kind === 'lost').map(({ message }) => message)).toEqual([
    'message never is lost with this process: the disk is full',
  ]);
});

test('a folder that is removed while the outbox runs is made again', async () => {
  answer = () => retry();
  const outbox = openOutbox();
  await outbox.start();
  await rm(dir, { recursive: true });

  await outbox.put('m', {});

  expect(await entryFiles()).toHaveLength(1);
  expect(kinds()).not.toContain('not-saved');
});

test('a watched directory that is away is not made again', async () => {
  dir = folder.file('deps/.dke/outbox');
  const outbox = openOutbox();
  await outbox.start();
  await rm(folder.file('deps'), { recursive: true });

  await outbox.put('m', {});

  expect(kinds()).toContain('not-saved');
  await expect(stat(folder.file('deps'))).rejects.toThrow('ENOENT');
});

test('a folder that cannot be made stops neither deployments nor messages', async () => {
  await writeFile(dir, 'a file in the place of the folder');
  const outbox = openOutbox();
  await outbox.start();

  await outbox.put('m', {});
  await delivered(outbox);

  expect(received).toEqual(['m']);
  expect(kinds()).toEqual(expect.arrayContaining(['files', 'not-saved']));
});

test('an unreadable memory of what was sent costs a word, not a message', async () => {
  await mkdir(dir);
  await writeFile(join(dir, 'sent.json'), '["m"');
  const outbox = openOutbox();
  await outbox.start();

  await outbox.put('m', {});
  await delivered(outbox);

  expect(received).toEqual(['m']);
  expect(kinds()).toEqual(['files']);
});

/** Reads as a process does that lacks a descriptor, or as `lack` says, while `isLacking`, for files whose name fits. */
const readLacking =
  (
    isLacking: () => boolean,
    name = /./,
    lack: BoundedRead = { kind: 'unknown', problem: 'EMFILE' },
  ): typeof readBounded =>
  async (path, maxBytes) =>
    isLacking() && name.test(path) ? lack : readBounded(path, maxBytes);

test.each([
  ['anything', /./],
  ['an entry', /\d{16}\.json$/],
])('messages left by an earlier run outlive a start that lacks a descriptor to read %s', async (_what, name) => {
  const first = openOutbox();
  await putAll(first, ['1', '2']);
  await first.stop(0);
  let isLacking = true;
  const second = openOutbox({ read: readLacking(() => isLacking, name) });
  await second.start();
  await second.put('3', {});
  await eventually(() => clock.waits.includes(1000));
  const receivedMeanwhile = [...received];

  isLacking = false;
  await whileTimePasses(() => received.length === 3);

  expect(receivedMeanwhile).toEqual([]);
  expect(received).toEqual(['1', '2', '3']);
  await eventually(async () => (await entryFiles()).length === 0);
  expect(kinds()).toEqual(['files', 'not-saved']);
});

test('an entry that cannot be read for now is waited for', async () => {
  let isLacking = false;
  const outbox = openOutbox({ read: readLacking(() => isLacking) });
  await putAll(outbox, ['1', '2']);
  isLacking = true;
  await outbox.start();
  await eventually(() => clock.waits.includes(1000));

  isLacking = false;
  await whileTimePasses(() => received.length === 2);

  expect(received).toEqual(['1', '2']);
  expect(kinds()).toEqual(['files']);
});

const ENTRY = /\d{16}\.json$/;

test.each([
  ['an entry', ENTRY],
  ['what was sent before', /sent\.json$/],
])('messages left by an earlier run outlive a disk that does not give %s for a while', async (_what, name) => {
  answer = (id) => (id === '0' ? { kind: 'delivered' } : retry());
  const first = openOutbox();
  await putAll(first, ['0', '1', '2']);
  await first.start();
  await receivedAll(2);
  await first.stop(0);
  answer = () => ({ kind: 'delivered' });
  received = [];
  let isLacking = true;
  const second = openOutbox({ read: readLacking(() => isLacking, name, { kind: 'out-of-reach', problem: 'EIO' }) });
  await second.start();
  await eventually(() => clock.waits.includes(1000));

  isLacking = false;
  await whileTimePasses(() => received.length === 2);

  expect(received).toEqual(['1', '2']);
  expect(problems.at(-1)?.message).toContain('EIO');
});

test.each([
  ['the disk never gives', 'EIO'],
  ['this account may not read', 'EACCES'],
])('an entry that %s is set aside in the end, and the rest is sent', async (_what, problem) => {
  const outbox = openOutbox({ read: readLacking(() => true, /0001\.json$/, { kind: 'out-of-reach', problem }) });
  await putAll(outbox, ['1', '2']);
  await outbox.start();

  await whileTimePasses(() => received.length === 1);

  expect(received).toEqual(['2']);
  expect(problems.at(-1)?.message).toBe('message 1 is lost: its file is gone or damaged');
  expect(await readdir(join(dir, 'dead'))).toHaveLength(1);
});

test('a folder whose parent may not be written is told with the reason', async () => {
  dir = folder.file('.dke/outbox');
  await writeFile(folder.file('.dke'), 'a file in the place of the folder');
  const outbox = openOutbox();

  await outbox.put('m', {});

  expect(problems.map(({ message }) => message).join('\n')).toContain(`ENOTDIR: not a directory, scandir '${dir}'`);
});

test('a folder that can be read only later has what it held sent then, and none of it overwritten', async () => {
  const first = openOutbox();
  await putAll(first, ['1', '2']);
  await first.stop(0);
  await rename(dir, folder.file('away'));
  await writeFile(dir, 'a file in the place of the folder');
  const second = openOutbox();
  await second.start();
  await second.put('3', {});
  await receivedAll(1);

  await rm(dir);
  await rename(folder.file('away'), dir);
  await whileTimePasses(() => received.length === 3);
  await second.put('1', {});
  await second.stop(0);

  expect(received).toEqual(['3', '1', '2']);
  expect(await entryFiles()).toEqual([]);
});

test('the number of a damaged entry is not used again', async () => {
  await mkdir(dir);
  await writeFile(join(dir, '0000000000000007.json'), 'half');
  const outbox = openOutbox();

  await outbox.put('m', {});

  expect(await entryFiles()).toEqual(['0000000000000008.json']);
});

test('stop sends what the grace allows and leaves the rest', async () => {
  const outbox = openOutbox();
  await outbox.start();
  await putAll(outbox, ['1', '2', '3', '4', '5', '6']);

  const stopped = outbox.stop(1500);
  await eventually(() => received.length === 3 && clock.waits.includes(1000));
  clock.advance(1000);
  await stopped;

  expect(received).toEqual(['1', '2', '3', '4']);
  expect(await entryFiles()).toHaveLength(2);
});

test('stop does not wait for a retry that comes after the grace', async () => {
  answer = () => retry(60_000);
  const outbox = openOutbox();
  await outbox.start();
  await outbox.put('m', {});
  await eventually(() => clock.waits.includes(60_000));

  await Promise.all([outbox.stop(2000), outbox.stop(2000)]);

  expect(await entryFiles()).toHaveLength(1);
});

test('a post that hangs is cut off when the grace is over, and stays on disk', async () => {
  answer = (_id, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(retry())));
  const outbox = openOutbox();
  await outbox.start();
  await outbox.put('m', {});
  await receivedAll(1);

  const stopped = outbox.stop(2000);
  clock.advance(2000);
  await stopped;

  expect(await entryFiles()).toHaveLength(1);
  expect(kinds()).toEqual([]);
});

test('a message put after the stop is kept for the next run', async () => {
  const outbox = openOutbox();
  await outbox.start();
  await outbox.stop(0);

  await outbox.put('m', {});

  expect(received).toEqual([]);
  expect(await entryFiles()).toHaveLength(1);
});

test('entries are for the account of the engine only', async () => {
  const outbox = openOutbox();
  await outbox.put('m', {});
  const [name] = await entryFiles();

  expect((await stat(join(dir, name ?? ''))).mode & 0o777).toBe(0o600);
});
