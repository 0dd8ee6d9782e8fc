/** From "complete in the cluster", as a watch of our own sees it, to `.last` renamed into place. */
import { watch } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../src/state/durable.ts';
import { eventually } from '../../test/support/eventually.ts';
import { preciseNow } from '../../test/support/loopback-server.ts';
import { createTempDir } from '../../test/support/temp-dir.ts';
import { startContender } from '../contender.ts';
import { createDepFolder } from '../dep-folder.ts';
import { createServices, followCompletions, type Service } from '../services.ts';
import type { Stage } from '../stage.ts';
import { median, quantile, type Result } from '../table.ts';

const SERVICES = 10;
const ROUNDS = 2;

export const title = 'complete in the cluster -> .last written, one at a time';

export async function run(stage: Stage): Promise<Result> {
  await using dir = await createTempDir('bench-completion');
  const services = await createServices(stage.api, { count: SERVICES, version: 'base' });
  const folder = await createDepFolder(dir.file('deps'), services, 'base');
  await using engine = await startContender({ stage, kind: 'engine', folder });
  await engine.untilConcluded(services, 'base');
  const ending = new AbortController();
  // Seen by this process, as the completion is: both come a little late, by the same way.
  const writtenAt = new Map<string, number>();
  watch(folder.path, { signal: ending.signal }, (_event, fileName) => {
    if (fileName?.endsWith('.last')) writtenAt.set(fileName, preciseNow());
  });
  const completions = await followCompletions(stage.api, services[0]?.namespace ?? '', ending.signal);

  const engineMs: number[] = [];
  const floorMs: number[] = [];
  const wrong: string[] = [];
  const deploy = async (service: Service, version: string) => {
    engine.folder.replace(service, `${version}\n`);
    await engine.untilConcluded([service], version);
    const completeAt = await eventually(() => completions.of(service, version));
    const tookMs = (writtenAt.get(`${service.key}.last`) ?? Number.NaN) - completeAt;
    // Our own watch may get its event a little later than the engine.
    if (!(tookMs > -20)) wrong.push(`${service.key} ${version}: concluded ${-tookMs} ms before it was complete`);
    engineMs.push(tookMs);
  };
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const service of services) {
      floorMs.push(await durableWriteMs(dir.path));
      await deploy(service, `1.0.${round}`);
    }
  }
  ending.abort();
  return {
    rows: [
      {
        measure: 'complete -> .last, median',
        unit: 'ms',
        engine: median(engineMs),
        floor: median(floorMs),
        target: { atMost: 150 },
      },
      {
        measure: 'complete -> .last, p95',
        unit: 'ms',
        engine: quantile(engineMs, 0.95),
        floor: quantile(floorMs, 0.95),
      },
    ],
    notes: ['floor: the durable write of .last alone'],
    wrong,
  };
}

async function durableWriteMs(folder: string): Promise<number> {
  const startedAt = performance.now();
  await writeDurably(join(folder, 'floor.last'), '1.0.0');
  return performance.now() - startedAt;
}
