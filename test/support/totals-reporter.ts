/** Ends a run with one plain line, `tests: N passed, N failed`, and appends it to the file `TOTALS_FILE` names. */
import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const passed = states.filter((state) => state === 'passed').length;
    // A file that does not load has no tests to fail, and an error outside a test belongs to none.
    const broken = modules.filter(
      (module) => module.state() === 'failed' && [...module.children.allTests()].length === 0,
    );
    const failed = states.filter((state) => state === 'failed').length + broken.length + errors.length;
    const skipped = states.filter((state) => state === 'skipped').length;
    const line = `tests: ${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
    process.stdout.write(`${line}\n`);
    if (process.env.TOTALS_FILE) appendFileSync(process.env.TOTALS_FILE, `${line}\n`);
  }
}
