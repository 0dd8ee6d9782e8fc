/** The directory of dep files: which there are, what each says, and a hint whenever one may have changed. */
import { resolve } from 'node:path';
import type { Clock } from '../clock.ts';
import type { DepLook } from '../domain/dep-look.ts';
import type { TargetKey } from '../domain/target.ts';
import { createArrivals } from './arrivals.ts';
import { scanDirectory } from './directory-scan.ts';
import { createLooker } from './look.ts';
import { createRescan } from './rescan.ts';
import { createWatcher } from './watcher.ts';

export interface IntakeHealth {
  readonly degraded: boolean;
  /** What is wrong and what goes on regardless; empty when nothing is. */
  readonly reason: string;
}

export interface IntakeOptions {
  readonly dir: string;
  /** How long a file must be left alone when nothing else tells that it is finished. */
  readonly settleMs: number;
  /** How often the directory is scanned; less often when scanning would take more than 2 % of the time. */
  readonly rescanMs: number;
  readonly clock: Clock;
  /** This file may have changed, or be gone. Called for every dep file at the start. May be called for nothing. */
  onHint(key: TargetKey): void;
  /** Called when it changes; the intake starts as healthy. */
  onHealth(health: IntakeHealth): void;
}

export interface Intake {
  /** Watches and scans once: when it resolves, every dep file found has been hinted. */
  start(): Promise<void>;
  /** No hints from then on; `look` goes on working. Twice is fine. */
  stop(): Promise<void>;
  /** Reads the file now and says what can be said of it. Never waits for the file; calls for one key take turns. */
  look(key: TargetKey): Promise<DepLook>;
  /** The dep files of the last scan that could be made. */
  keys(): ReadonlySet<TargetKey>;
}

export function createIntake(options: IntakeOptions): Intake {
  const { rescanMs, clock } = options;
  // Absolute, as chokidar names it.
  const dir = resolve(options.dir);
  const arrivals = createArrivals();
  const looker = createLooker({ ...options, dir, arrivals });
  const health = createHealth(options.onHealth);
  let files: ReadonlyMap<TargetKey, string> = new Map();
  let keys: ReadonlySet<TargetKey> = new Set();
  let directory: string | undefined;
  let watching = Promise.resolve();
  let isStopped = false;

  const hint = (key: TargetKey) => {
    if (!isStopped) options.onHint(key);
  };
  const watcher = createWatcher({
    dir,
    clock,
    arrivals,
    onHint: hint,
    onDoubt: () => rescan.soon(),
    onProblem: (problem) => health.set('watcher', problem),
  });
  const rescan = createRescan({ periodMs: rescanMs, clock, scan });

  async function scan(): Promise<void> {
    const found = await scanDirectory(dir);
    health.set('scan', found.kind === 'unreadable' ? unreadable(found.problem) : undefined);
    if (found.kind === 'unreadable' || directory === undefined) looker.unreadable.clear();
    if (found.kind === 'files') compare(found.files);
    // A writer may give the rights last: only what stays unreadable is told.
    health.set('files', looker.unreadable.describe(rescanMs));
    follow(found.kind === 'files' ? found.directory : undefined);
  }

  /** Keeps the watcher on the directory that is there: removed, swapped, mounted over or linked elsewhere, it is blind. */
  function follow(found: string | undefined): void {
    if (found === directory || isStopped) return;
    directory = found;
    watching = found === undefined ? watcher.disarm() : watcher.arm();
  }

  function compare(found: ReadonlyMap<TargetKey, string>): void {
    const before = files;
    files = found;
    keys = new Set(found.keys());
    for (const [key, state] of found) {
      if (before.get(key) !== state && looker.settledIdentity(key) !== state) hint(key);
    }
    for (const key of before.keys()) {
      if (found.has(key)) continue;
      looker.forget(key);
      hint(key);
    }
  }

  return {
    async start() {
      await rescan.start();
      await watching;
    },
    async stop() {
      isStopped = true;
      await rescan.stop();
      await watcher.disarm();
    },
    look: looker.look,
    keys: () => keys,
  };
}

function unreadable(problem: string): string {
  return `the directory of dep files cannot be read (${problem}); what was deployed stays`;
}

type Part = 'watcher' | 'scan' | 'files';

/** Tells when the sum of what is wrong changes. */
function createHealth(onHealth: (health: IntakeHealth) => void) {
  const problems = new Map<Part, string>();
  let told = '';
  return {
    set(part: Part, problem: string | undefined): void {
      if (problem === undefined) problems.delete(part);
      else problems.set(part, problem);
      const reason = [...problems.values()].join('; ');
      if (reason === told) return;
      told = reason;
      onHealth({ degraded: reason !== '', reason });
    },
  };
}
