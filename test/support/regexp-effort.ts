/**
 * Counts what regular expressions do, not how long they take. V8 can give up on an expression after a number of
 * backtracks and then says so; a process of its own is set up for that and runs the code under test. It counts steps
 * back into groups, not those inside a loop over single characters: blow-ups of nested repetition are seen, `a*a*` is not.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The lines V8 prints for expressions that went back more than `maxBacktracks` times in one match; empty when none did.
 *
 * @param code the body of an ES module; its own prints are not counted
 */
export async function excessiveExpressions(code: string, maxBacktracks: number): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, [
    '--enable-experimental-regexp-engine-on-excessive-backtracks',
    `--regexp-backtracks-before-fallback=${maxBacktracks}`,
    '--trace-experimental-regexp-engine',
    '--input-type=module',
    '--eval',
    code,
  ]);
  return stdout.split('\n').filter((line) => line.startsWith('Experimental execution'));
}
