/** One file at a time: from the file being closed to the PATCH arriving at the API server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTempDir } from '../../test/support/temp-dir.ts';
import { type Contender, patchesOf, startContender } from '../contender.ts';
import { createDepFolder, type DepFolder } from '../dep-folder.ts';
import { createServices, READY_AT_ONCE, type Service } from '../services.ts';
import type { Stage } from '../stage.ts';
import { median, quantile, type Result, type Row } from '../table.ts';

const SAMPLES = 30;
const SERVICES = 5;
const SETTLE_MS = 100;
/** What a look at a settled file may take on top of SETTLE. */
const SETTLED_WITHIN_MS = SETTLE_MS + 30;

interface Way {
  readonly name: string;
  /** The nth version of a service. */
  readonly version: (n: number) => string;
  readonly write: (folder: DepFolder, service: Service, version: string) => number;
  readonly targetMs: number;
}

const WAYS: readonly Way[] = [
  {
    name: 'echo 1.0.8 over 1.0.7',
    version: (n) => `1.0.${n}`,
    write: (folder, service, version) => folder.overwrite(service, `${version}\n`),
    targetMs: 12,
  },
  {
    name: 'mv of a finished file',
    version: (n) => `2.0.${n}`,
    write: (folder, service, version) => folder.replace(service, `${version}\n`),
    targetMs: 12,
  },
  {
    // The last byte before the newline is the old one: this may be scp half way through, so quiet is waited for.
    name: 'echo 3.8.0 over 3.7.0',
    version: (n) => `3.${n}.0`,
    write: (folder, service, version) => folder.overwrite(service, `${version}\n`),
    targetMs: SETTLED_WITHIN_MS,
  },
  {
    name: 'printf, no newline',
    version: (n) => `4.0.${n}`,
    write: (folder, service, version) => folder.overwrite(service, version),
    targetMs: SETTLED_WITHIN_MS,
  },
];

export const title = 'file closed -> PATCH received, one at a time';

export async function run(stage: Stage): Promise<Result> {
  await using dir = await createTempDir('bench-latency');
  const start = async (kind: 'engine' | 'floor') => {
    const services = await createServices(stage.api, { count: SERVICES, version: 'base', behaviour: READY_AT_ONCE });
    const folder = await createDepFolder(dir.file(kind), services, 'base');
    const contender = await startContender({ stage, kind, folder });
    return { contender, services };
  };
  const floor = await start('floor');
  await using _floor = floor.contender;
  const engine = await start('engine');
  await using _engine = engine.contender;
  await engine.contender.untilConcluded(engine.services, 'base');

  const rows: Row[] = [];
  const wrong: string[] = [];
  for (const way of WAYS) {
    const floorMs: number[] = [];
    const engineMs: number[] = [];
    // By turns, so that whatever else the machine does happens to both.
    for (let turn = 0; turn < SAMPLES; turn += 1) {
      floorMs.push(await sample(floor.contender, floor.services, way, turn, wrong));
      engineMs.push(await sample(engine.contender, engine.services, way, turn, wrong));
    }
    const target = { atMost: way.targetMs };
    rows.push(
      { measure: `${way.name}, median`, unit: 'ms', engine: median(engineMs), floor: median(floorMs), target },
      { measure: `${way.name}, p95`, unit: 'ms', engine: quantile(engineMs, 0.95), floor: quantile(floorMs, 0.95) },
    );
  }
  return { rows, wrong };
}

async function sample(
  contender: Contender,
  services: readonly Service[],
  way: Way,
  turn: number,
  wrong: string[],
): Promise<number> {
  const service = services[turn % services.length];
  if (service === undefined) throw new Error('there is no service to deploy');
  const version = way.version(1 + Math.floor(turn / services.length));
  const closedAt = way.write(contender.folder, service, version);
  await contender.untilConcluded([service], version);
  // Its last words are written, the next file meets it at rest, and never in the same phase of a timer.
  await sleep(30 + 40 * Math.random());

  const [patch, ...more] = patchesOf(contender, service, version);
  if (patch === undefined || more.length > 0)
    wrong.push(`${contender.kind}: ${service.key} ${version}: ${more.length} PATCHes too many, or none`);
  contender.proxy.forget();
  return patch === undefined ? Number.NaN : patch.startedAt - closedAt;
}
