/** Every file of a large directory replaced twice within a moment: far more events than the kernel keeps. */
import { eventually } from '../../test/support/eventually.ts';
import { preciseNow } from '../../test/support/loopback-server.ts';
import { createTempDir } from '../../test/support/temp-dir.ts';
import { type Contender, patchTimes, startContender } from '../contender.ts';
import { createDepFolder } from '../dep-folder.ts';
import { memoryOf } from '../process-usage.ts';
import { createServices, READY_AT_ONCE, type Service, wrongImages } from '../services.ts';
import type { Stage } from '../stage.ts';
import type { Result } from '../table.ts';

/** A real control plane takes ten times as long for each. */
const FILES = { sandbox: 10_000, real: 1_000 } as const;
/** The floor's time grows with their number, so fewer tell as much. */
const FLOOR_FILES = 1_000;
const BEFORE = '1.0.0';
const PASSING = '2.0.0';
const LAST = '3.0.0';
const AFTERWARDS = '4.0.0';
const LIMIT_MS = 900_000;

export const title = 'a burst: every file replaced twice';

interface Burst {
  /** Seconds from the first file to the last PATCH, and to the last `.last`. */
  readonly patchedS: number;
  readonly concludedS: number;
  readonly requests: number;
  readonly peakMiB: number;
}

export async function run(stage: Stage): Promise<Result> {
  await using dir = await createTempDir('bench-burst');
  const count = FILES[stage.kind];
  const services = await createServices(stage.api, { count, version: BEFORE, behaviour: READY_AT_ONCE });
  const engine = await playEngine(stage, dir.file('engine'), services);
  const wrong = await wrongImages(stage.api, services, LAST);
  const floor = await playFloor(stage, dir.file('floor'), services.slice(0, FLOOR_FILES));
  const each = (field: keyof Burst, unit = 1) => ({
    engine: (engine[field] * unit) / count,
    floor: (floor[field] * unit) / FLOOR_FILES,
  });
  const { patchedS, concludedS, peakMiB } = engine;
  return {
    rows: [
      { measure: 'all patched, per file', unit: 'ms', ...each('patchedS', 1_000) },
      { measure: 'all concluded, per file', unit: 'ms', ...each('concludedS', 1_000) },
      { measure: 'requests per file', unit: '', ...each('requests') },
      { measure: 'memory, the most', unit: 'MiB', engine: peakMiB, floor: floor.peakMiB },
    ],
    notes: [
      `${stage.kind}: ${count - wrong.length} of ${count} on their last version; all patched after ` +
        `${patchedS.toFixed(1)} s, concluded after ${concludedS.toFixed(1)} s (floor: ${FLOOR_FILES} files)`,
    ],
    // One line says it for all of them.
    wrong: wrong.length === 0 ? [] : [`${wrong.length} on another version, e.g. ${wrong[0]}`],
  };
}

/** The burst meets the engine while it runs, with every target concluded before. */
async function playEngine(stage: Stage, path: string, services: readonly Service[]): Promise<Burst> {
  const folder = await createDepFolder(path, services, BEFORE);
  // As an earlier engine leaves its directory: what is deployed already is not deployed again.
  folder.markConcluded(services, BEFORE);
  await using engine = await startContender({ stage, kind: 'engine', folder });
  await eventually(() => folder.answers() === services.length, { timeoutMs: LIMIT_MS, intervalMs: 500 });
  engine.proxy.forget();
  const startedAt = folder.replaceAll(services, `${PASSING}\n`);
  folder.replaceAll(services, `${LAST}\n`);
  return await measure(engine, services, LAST, startedAt);
}

/** The floor is started on the changed files: what the kernel does not tell it, it does not know. */
async function playFloor(stage: Stage, path: string, services: readonly Service[]): Promise<Burst> {
  const folder = await createDepFolder(path, services, AFTERWARDS);
  await using floor = await startContender({ stage, kind: 'floor', folder });
  const [first] = floor.proxy.requests;
  return await measure(floor, services, AFTERWARDS, first?.startedAt ?? preciseNow());
}

async function measure(
  contender: Contender,
  services: readonly Service[],
  version: string,
  startedAt: number,
): Promise<Burst> {
  await contender.untilConcluded(services, version, LIMIT_MS);
  const concludedAt = preciseNow();
  return {
    patchedS: (latest(patchTimes(contender, version).values()) - startedAt) / 1_000,
    concludedS: (concludedAt - startedAt) / 1_000,
    requests: contender.proxy.requests.length,
    peakMiB: (await memoryOf(contender.pid)).peakMiB,
  };
}

function latest(times: Iterable<number>): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const time of times) found = Math.max(found, time);
  return found;
}
