/** Lines to a file descriptor that never make their writer wait, be the reader slow, standing still or gone. */
import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface LineOutput {
  /** Returns when the line is written, or, where the reader does not take it, waiting or dropped. */
  write(line: string): void;
  /** Resolves when nothing waits any longer, or after `graceMs`. */
  flush(graceMs: number): Promise<void>;
}

/** Enough for a reader that is slow. The oldest lines are kept: they tell how it began. */
const MAX_WAITING_BYTES = 1024 * 1024;
const RETRY_MS = 50;

/** @param onDropped told once when everything is written again: how many lines were dropped since */
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
      // A full pipe, a full disk, a reader that has gone: no reason to stop the work, and where to tell it is what fails.
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
      // Behind lines that wait, the timer tries often enough.
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
 * Standard output that is a pipe or a socket is set to non-blocking by Node, a terminal is not: there Ctrl-S would stop
 * everything. Opened once more it is a description of our own, and the flag does not reach the shell we share it with.
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
