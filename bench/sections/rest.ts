/** An engine with 200 targets and nothing to do: how fast it is there, what it holds, what it asks; then one file. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { createTempDir } from '../../test/support/temp-dir.ts';
import { type Contender, type ContenderKind, startContender } from '../contender.ts';
import { createDepFolder } from '../dep-folder.ts';
import { cpuMsOf, memoryOf } from '../process-usage.ts';
import { createServices, READY_AT_ONCE, type Service } from '../services.ts';
import type { Stage } from '../stage.ts';
import { median, type Result } from '../table.ts';

const TARGETS = 200;
const STARTS = 5;
const REST_MS = 10_000;
const QUIET_MS = 1_000;

export const title = `start and rest with ${TARGETS} targets`;

interface Rest {
  readonly startMs: number;
  readonly residentMiB: number;
  readonly requests: number;
  readonly cpuMs: number;
  readonly requestsOfOne: number;
}

export async function run(stage: Stage): Promise<Result> {
  await using dir = await createTempDir('bench-rest');
  const wrong: string[] = [];
  const services = await createServices(stage.api, { count: TARGETS, version: 'base', behaviour: READY_AT_ONCE });
  const play = async (kind: ContenderKind): Promise<Rest> => {
    const folder = await createDepFolder(dir.file(kind), services, 'base');
    const start = () => startContender({ stage, kind, folder });
    const first = await start();
    await first.untilConcluded(services, 'base');
    await first.stop();

    const startsMs: number[] = [];
    for (let turn = 1; turn < STARTS; turn += 1) {
      await using contender = await start();
      startsMs.push(contender.startMs);
    }
    await using last = await start();
    return { startMs: median([...startsMs, last.startMs]), ...(await rest(last, services, wrong)) };
  };
  const floor = await play('floor');
  const engine = await play('engine');
  const both = (field: keyof Rest) => ({ engine: engine[field], floor: floor[field] });
  return {
    rows: [
      { measure: 'start -> watching, median', unit: 'ms', ...both('startMs'), target: { atMost: 1_500 } },
      { measure: 'resident at rest', unit: 'MiB', ...both('residentMiB'), target: { atMost: 110 } },
      { measure: `requests in ${REST_MS / 1_000} s of rest`, unit: '', ...both('requests') },
      { measure: `processor time in ${REST_MS / 1_000} s of rest`, unit: 'ms', ...both('cpuMs') },
      { measure: 'requests for one file then', unit: '', ...both('requestsOfOne'), target: { atMost: 4 } },
    ],
    wrong,
  };
}

async function rest(
  contender: Contender,
  services: readonly Service[],
  wrong: string[],
): Promise<Omit<Rest, 'startMs'>> {
  const { proxy, pid, folder } = contender;
  await untilQuiet(proxy);
  proxy.forget();
  const cpuBeforeMs = await cpuMsOf(pid);
  await sleep(REST_MS);
  const cpuMs = (await cpuMsOf(pid)) - cpuBeforeMs;
  const { residentMiB } = await memoryOf(pid);
  const requests = proxy.requests.length;
  if (proxy.requests.some(({ method }) => method !== 'GET')) wrong.push('it changed something though no file changed');

  proxy.forget();
  const some = services.slice(0, 1);
  folder.replaceAll(some, 'next\n');
  await contender.untilConcluded(some, 'next');
  await untilQuiet(proxy);
  return { residentMiB, requests, cpuMs, requestsOfOne: proxy.requests.length };
}

/** Until no request has come for a while. */
async function untilQuiet(proxy: Contender['proxy']): Promise<void> {
  let seen = -1;
  await eventually(
    () => {
      const before = seen;
      seen = proxy.requests.length;
      return seen === before;
    },
    { timeoutMs: 60_000, intervalMs: QUIET_MS },
  );
}
