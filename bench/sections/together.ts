/** 300 files at once: until all are patched, until all are concluded, and what it costs the API server. */
import { eventually } from '../../test/support/eventually.ts';
import { createTempDir } from '../../test/support/temp-dir.ts';
import { type Contender, patchTimes, startContender } from '../contender.ts';
import { createDepFolder } from '../dep-folder.ts';
import { createServices, followCompletions, type Service, wrongImages } from '../services.ts';
import type { Stage } from '../stage.ts';
import { median, type Result, type Row } from '../table.ts';

const FILES = 300;
const ROUNDS = 3;

export const title = `${FILES} files at once`;

interface Round {
  readonly patchedMs: number;
  readonly completeMs: number;
  readonly concludedMs: number;
  readonly requests: number;
}

export async function run(stage: Stage): Promise<Result> {
  await using dir = await createTempDir('bench-together');
  const wrong: string[] = [];
  const services = await createServices(stage.api, { count: FILES, version: 'base' });

  const play = async (kind: 'engine' | 'floor') => {
    const folder = await createDepFolder(dir.file(kind), services, 'base');
    await using contender = await startContender({ stage, kind, folder });
    await contender.untilConcluded(services, 'base');
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round += 1)
      rounds.push(await playRound(stage, contender, services, `${kind}-${round}`, wrong));
    return { connections: contender.proxy.connections.opened, of: medians(rounds) };
  };
  const floor = await play('floor');
  const engine = await play('engine');

  const rows: Row[] = [
    {
      measure: 'all patched',
      unit: 'ms',
      engine: engine.of('patchedMs'),
      floor: floor.of('patchedMs'),
      target: { timesFloor: 3 },
    },
    {
      measure: 'all complete in the cluster',
      unit: 'ms',
      engine: engine.of('completeMs'),
      floor: floor.of('completeMs'),
    },
    // The floor does not wait for a rollout: a conclusion cannot come before the cluster's own.
    { measure: 'all concluded', unit: 'ms', engine: engine.of('concludedMs'), floor: floor.of('completeMs') },
    {
      measure: 'requests per deployment',
      unit: '',
      engine: engine.of('requests') / FILES,
      floor: floor.of('requests') / FILES,
      target: { atMost: 4 },
    },
    {
      measure: 'connections opened',
      unit: '',
      engine: engine.connections,
      floor: floor.connections,
      target: { atMost: 8 },
    },
  ];
  return { rows, wrong };
}

async function playRound(
  stage: Stage,
  contender: Contender,
  services: readonly Service[],
  version: string,
  wrong: string[],
): Promise<Round> {
  const { folder, proxy } = contender;
  const ending = new AbortController();
  const completions = await followCompletions(stage.api, services[0]?.namespace ?? '', ending.signal);
  const isComplete = () => services.every((service) => completions.of(service, version) !== undefined);
  proxy.forget();

  const changedAt = folder.replaceAll(services, `${version}\n`);
  await contender.untilConcluded(services, version);
  await eventually(isComplete, { timeoutMs: 60_000 });

  const patched = patchTimes(contender, version);
  const concluded = await Promise.all(services.map((service) => folder.concludedAt(service)));
  const complete = services.map((service) => completions.of(service, version) ?? Number.NaN);
  ending.abort();
  if (patched.size !== services.length) wrong.push(`${version}: ${patched.size} of ${services.length} patched`);
  wrong.push(...(await wrongImages(stage.api, services, version)));
  return {
    patchedMs: Math.max(...patched.values()) - changedAt,
    completeMs: Math.max(...complete) - changedAt,
    concludedMs: Math.max(...concluded) - changedAt,
    requests: proxy.requests.length,
  };
}

function medians(rounds: readonly Round[]): (field: keyof Round) => number {
  return (field) => median(rounds.map((round) => round[field]));
}
