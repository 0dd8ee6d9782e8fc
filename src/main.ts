#!/usr/bin/env node
/** The process edge: the only file that knows argv, the environment, signals and exit codes. */
import { setFlagsFromString } from 'node:v8';
import { dispatch } from './cli/dispatch.ts';
import { EXIT } from './cli/exit-codes.ts';
import { nodeProblem } from './cli/node-version.ts';
import { createSignalReader } from './cli/stop-signals.ts';

// The imports above run on older versions too; the commands would fail with an error that explains nothing.
const problem = nodeProblem(process.version, process.execPath);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  // A supervisor should not try this again, any more than wrong settings.
  process.exit(EXIT.config);
}

// A daemon rests most of its life: memory before speed. Young garbage is collected earlier, and the HTTP client's
// WebAssembly parser is not compiled a second time. Together they save a tenth of the resident memory
// (npm run bench -- rest), and only before the first heavy import, which is why commands load lazily.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--no-wasm-tier-up');
setFlagsFromString('--no-wasm-dynamic-tiering');

const stop = new AbortController();
const read = createSignalReader();

for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    const reading = read(name);
    // A second signal does not wait for anything.
    if (reading === 'stop-now') process.exit(code);
    if (reading === 'stop') stop.abort();
  });
}
// The terminal has closed. Both it and its shell say so: a second SIGHUP is no sign of impatience.
process.on('SIGHUP', () => stop.abort());
// Log rotation and the like may send these; left alone, Node would open its debugger to the machine, or end.
for (const name of ['SIGUSR1', 'SIGUSR2'] as const) process.on(name, () => undefined);
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
