/** Writes lines to a file descriptor without ever blocking, whether the reader is slow, stuck or gone. */
import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface LineOutput {
  /** Returns at once: the line is written, waits for the reader, or is dropped. */
  write(line: string): void;
  /** Resolves when nothing waits any longer, or after `graceMs`. */
  flush(graceMs: number): Promise<void>;
}

/** Enough for a slow reader. When it is full the newest lines are dropped: the oldest tell how the trouble began. */
const MAX_WAITING_BYTES = 1024 * 1024;
const RETRY_MS = 50;

/** @param onDropped called once everything that waited is written, with the number of lines dropped meanwhile */
export function createLineOutput(fd: number, onDropped: (count: number) => void): LineOutput {
  const descriptor = neverBlocking(fd);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let retry: NodeJS.Timeout | undefined;

  function drain(): void {
    let done = 0;
    try {
      for (let line = waiting[done]; line !== undefined; line = waiting[done]) {
        const rest = line.subarray(writeSync(descriptor, line));
        if (rest.length === 0) done += 1;
        else waiting[done] = rest;
      }
    } catch {
      // A full pipe, a full disk, a reader that has gone: no reason to stop working, and there is nowhere to log it.
    }
    waiting = waiting.slice(done);
    waitingBytes = waiting.reduce((sum, { length }) => sum + length, 0);
    if (waiting.length > 0) retryLater();
    else tellDropped();
  }

  function retryLater(): void {
    retry ??= setTimeout(() => {
      retry = undefined;
      drain();
    }, RETRY_MS).unref();
  }

  function tellDropped(): void {
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    onDropped(count);
  }

  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (waitingBytes + bytes.length > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      // While older lines wait, the timer writes this one after them.
      if (retry === undefined) drain();
    },
    async flush(graceMs) {
      const deadline = performance.now() + graceMs;
      while (waiting.length > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS / 10));
        drain();
      }
    },
  };
}

/**
 * Node makes standard output non-blocking when it is a pipe or a socket, but not when it is a terminal: there Ctrl-S
 * would stop everything. Opening it again gives us a description of our own, so the flag does not reach the shell.
 */
function neverBlocking(fd: number): number {
  if (!isatty(fd)) return fd;
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // The terminal of another user, after `su`: then it may block.
    return fd;
  }
}
