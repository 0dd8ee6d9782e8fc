#!/usr/bin/env node
/** The process edge: the only file that knows argv, the environment, signals and exit codes. */
import { setFlagsFromString } from 'node:v8';
import { dispatch } from './cli/dispatch.ts';

// A daemon rests most of its life: memory before speed. Together these save about a seventh of the resident memory
// (npm run bench -- rest). They work only before the first heavy import, which is why commands load lazily.
setFlagsFromString('--optimize-for-size');
setFlagsFromString('--semi-space-growth-factor=1');

const stop = new AbortController();

for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    // A second signal does not wait for anything.
    if (stop.signal.aborted) process.exit(code);
    stop.abort();
  });
}
// A reader of our output that goes away is no reason to stop deploying.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

dispatch({
  env: process.env,
  args: process.argv.slice(2),
  signal: stop.signal,
  isTerminal: process.stdout.isTTY === true,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
}).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
