/** The intake on a real directory, with the least that a work queue does: look when hinted, look again when told. */
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../src/clock.ts';
import type { DepLook } from '../../src/domain/dep-look.ts';
import { keyOfFileName, type TargetKey } from '../../src/domain/target.ts';
import { createIntake, type Intake, type IntakeHealth, type IntakeOptions } from '../../src/intake/intake.ts';
import { eventually } from './eventually.ts';

/** What a look said, kept when it is not what the look before said. */
export interface Report {
  readonly key: TargetKey;
  readonly look: DepLook;
  /** `performance.now()` of the look. */
  readonly atMs: number;
}

export interface IntakeFollower extends AsyncDisposable {
  readonly intake: Intake;
  readonly reports: readonly Report[];
  readonly health: readonly IntakeHealth[];
  /** Every version reported for the file, in order; the same content twice in a row counts once. */
  versions(fileName: string): string[];
  latest(fileName: string): Report | undefined;
  /** Waits until this is the last version reported for the file. */
  reported(fileName: string, version: string): Promise<void>;
  /** How often files were looked at. */
  looks(): number;
  stop(): Promise<void>;
}

export async function followIntake(
  dir: string,
  options: Partial<Pick<IntakeOptions, 'settleMs' | 'rescanMs' | 'clock'>> & {
    /** Gets every report and every change of health as it comes. */
    onTold?(told: Report | { readonly health: IntakeHealth }): void;
  } = {},
): Promise<IntakeFollower> {
  const { settleMs = 100, rescanMs = 2_000, clock = systemClock } = options;
  const reports: Report[] = [];
  const health: IntakeHealth[] = [];
  const latest = new Map<TargetKey, Report>();
  const timers = new Map<TargetKey, () => void>();
  const busy = new Map<TargetKey, 'once' | 'again'>();
  let looks = 0;

  function onHint(key: TargetKey): void {
    timers.get(key)?.();
    timers.delete(key);
    if (busy.has(key)) busy.set(key, 'again');
    else void pass(key);
  }

  async function pass(key: TargetKey): Promise<void> {
    busy.set(key, 'once');
    looks += 1;
    const look = await intake.look(key);
    record(key, look);
    const again = busy.get(key) === 'again';
    busy.delete(key);
    if (again) onHint(key);
    else if ('lookAgainInMs' in look)
      timers.set(
        key,
        clock.after(look.lookAgainInMs, () => onHint(key)),
      );
  }

  function record(key: TargetKey, look: DepLook): void {
    if (look.kind === 'not-ready') return;
    if (identify(look) === identify(latest.get(key)?.look)) return;
    const report = { key, look, atMs: performance.now() };
    reports.push(report);
    options.onTold?.(report);
    latest.set(key, report);
  }

  const intake = createIntake({
    dir,
    settleMs,
    rescanMs,
    clock,
    onHint,
    onHealth: (change) => {
      health.push(change);
      options.onTold?.({ health: change });
    },
  });
  await intake.start();

  const stop = async () => {
    await intake.stop();
    for (const cancel of timers.values()) cancel();
  };
  const versions = (fileName: string) =>
    reports.flatMap(({ key, look }) =>
      key === keyOf(fileName) && look.kind === 'wanted' ? [look.request.version] : [],
    );
  return {
    intake,
    reports,
    health,
    versions,
    reported: async (fileName, version) => {
      await eventually(() => versions(fileName).at(-1) === version);
    },
    latest: (fileName) => latest.get(keyOf(fileName)),
    looks: () => looks,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export function keyOf(fileName: string): TargetKey {
  const key = keyOfFileName(fileName);
  if (key === undefined) throw new Error(`not a dep file: ${fileName}`);
  return key;
}

function identify(look: DepLook | undefined): string {
  if (look === undefined) return '';
  return 'content' in look ? `${look.kind} ${look.content}` : look.kind;
}
