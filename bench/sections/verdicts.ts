/** The same failures judged by `kubectl rollout status` and by the engine: how soon it ends, and what it says. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import { followObjects } from '../../test/support/follow-objects.ts';
import { at, listAt, textAt } from '../../test/support/json.ts';
import { preciseNow } from '../../test/support/loopback-server.ts';
import { createTempDir } from '../../test/support/temp-dir.ts';
import { type Contender, startContender } from '../contender.ts';
import { createDepFolder } from '../dep-folder.ts';
import { createServices, imageOf, type Service } from '../services.ts';
import type { Stage } from '../stage.ts';
import type { Result, Row } from '../table.ts';

interface Failure {
  readonly name: string;
  /** The tag that makes pods fail so; see `src/sandbox/pod-rules.ts`. */
  readonly tag: string;
  /** The first error is proof enough: it must be told within a second. */
  readonly isImmediate: boolean;
}

const FAILURES: readonly Failure[] = [
  { name: 'image not found', tag: '1.25-typo', isImmediate: true },
  { name: 'no right to the image', tag: '1.25-denied', isImmediate: true },
  { name: 'invalid image', tag: '1.25!', isImmediate: true },
  { name: 'missing ConfigMap', tag: '1.25-no-config', isImmediate: true },
  { name: 'no such command', tag: '1.25-no-command', isImmediate: false },
  { name: 'crash loop', tag: '1.25-crash', isImmediate: false },
  { name: 'unschedulable', tag: '1.25-unschedulable', isImmediate: false },
  { name: 'never ready', tag: '1.25-never', isImmediate: false },
];

const DEADLINE_S = 30;
const LIMIT_MS = 120_000;

export const title = `failures: file closed, or image set, to the end of the judging (progressDeadlineSeconds ${DEADLINE_S})`;
export const beside = 'kubectl';

interface Judgement {
  readonly tookMs: number;
  /** From the pod's first error; absent when no pod was needed. */
  readonly afterErrorMs?: number;
  readonly isFailure: boolean;
  readonly words: string;
}

export async function run(stage: Stage): Promise<Result> {
  await using dir = await createTempDir('bench-verdicts');
  const options = { count: FAILURES.length, version: 'base', progressDeadlineSeconds: DEADLINE_S };
  const [ours, theirs] = [await createServices(stage.api, options), await createServices(stage.api, options)];
  const folder = await createDepFolder(dir.file('deps'), ours, 'base');
  await using engine = await startContender({ stage, kind: 'engine', folder });
  await engine.untilConcluded(ours, 'base');
  const ending = new AbortController();
  const errors = await followErrors(stage, ours[0]?.namespace ?? '', ending.signal);

  const judged = await Promise.all(
    FAILURES.map(async (failure, index) => {
      const [our, their] = [ours[index], theirs[index]];
      if (our === undefined || their === undefined) throw new Error('there is no service to fail');
      const [engineSays, kubectlSays] = await Promise.all([
        judgeByEngine(engine, our, failure, errors),
        judgeByKubectl(stage, their, failure),
      ]);
      return { failure, engineSays, kubectlSays };
    }),
  );
  ending.abort();
  return {
    rows: judged.flatMap(({ failure, engineSays, kubectlSays }) => rowsOf(failure, engineSays, kubectlSays)),
    notes: judged.flatMap(({ failure, engineSays, kubectlSays }) => [
      `${failure.name}, engine: ${engineSays.words}`,
      `${' '.repeat(failure.name.length)}  kubectl: ${kubectlSays.words}`,
    ]),
    wrong: judged
      .filter(({ engineSays }) => !engineSays.isFailure)
      .map(({ failure, engineSays }) => `${failure.name}: not judged a failure: ${engineSays.words}`),
  };
}

function rowsOf({ name, isImmediate }: Failure, engine: Judgement, kubectl: Judgement): readonly Row[] {
  const whole: Row = { measure: name, unit: 'ms', engine: engine.tookMs, floor: kubectl.tookMs };
  if (engine.afterErrorMs === undefined) return [isImmediate ? { ...whole, target: { atMost: 1_000 } } : whole];
  const after: Row = { measure: `${name}, after the pod's error`, unit: 'ms', engine: engine.afterErrorMs };
  return [whole, isImmediate ? { ...after, target: { atMost: 1_000 } } : after];
}

async function judgeByEngine(
  { folder }: Contender,
  service: Service,
  { tag }: Failure,
  errors: ReadonlyMap<string, number>,
): Promise<Judgement> {
  const startedAt = folder.replace(service, `${tag}\n`);
  const status = await eventually(
    async () => {
      const found: unknown = JSON.parse(await readFile(join(folder.path, `${service.key}.status.json`), 'utf8'));
      return textAt(found, 'version') === tag && textAt(found, 'phase') !== 'rolling-out' && found;
    },
    { timeoutMs: LIMIT_MS },
  );
  const endedAt = preciseNow();
  const errorAt = errors.get(imageOf(tag));
  return {
    tookMs: endedAt - startedAt,
    ...(errorAt === undefined ? {} : { afterErrorMs: endedAt - errorAt }),
    isFailure: ['failed', 'timed-out', 'refused'].includes(textAt(status, 'phase')),
    words: textAt(status, 'summary'),
  };
}

async function judgeByKubectl(
  { kubeconfig }: Stage,
  { name, namespace }: Service,
  { tag }: Failure,
): Promise<Judgement> {
  const kubectl = (...args: readonly string[]) => runKubectl(['--kubeconfig', kubeconfig, '-n', namespace, ...args]);
  await kubectl('set', 'image', `deployment/${name}`, `app=${imageOf(tag)}`);
  const startedAt = preciseNow();
  const { code, lastLine } = await kubectl('rollout', 'status', `deployment/${name}`, `--timeout=${LIMIT_MS / 1_000}s`);
  return { tookMs: preciseNow() - startedAt, isFailure: code !== 0, words: lastLine };
}

function runKubectl(args: readonly string[]): Promise<{ readonly code: number; readonly lastLine: string }> {
  return new Promise((resolve, reject) => {
    execFile('kubectl', args, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      const lines = `${stdout}\n${stderr}`.trim().split('\n');
      resolve({ code: Number(error?.code ?? 0), lastLine: lines.at(-1) ?? '' });
    });
  });
}

/** When the first pod of each image showed that something is wrong with it: epoch ms, by image. */
async function followErrors(
  stage: Stage,
  namespace: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const firstAt = new Map<string, number>();
  const seen = (pod: unknown) => {
    const image = textAt(pod, 'spec', 'containers', 0, 'image');
    if (showsError(pod) && !firstAt.has(image)) firstAt.set(image, preciseNow());
  };
  await followObjects(stage.api, `/api/v1/namespaces/${namespace}/pods`, { seen, gone: () => undefined }, signal);
  return firstAt;
}

const NO_ERROR = ['ContainerCreating', 'PodInitializing'];

function showsError(pod: unknown): boolean {
  const containers = listAt(pod, 'status', 'containerStatuses');
  const unschedulable = listAt(pod, 'status', 'conditions').some((one) => textAt(one, 'reason') === 'Unschedulable');
  return (
    unschedulable ||
    containers.some((status) => {
      const waiting = textAt(status, 'state', 'waiting', 'reason');
      return (waiting !== '' && !NO_ERROR.includes(waiting)) || at(status, 'state', 'terminated') !== undefined;
    })
  );
}
