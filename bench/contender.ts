/** A program that turns dep files into rollouts: the engine's bundle or the floor, each behind a proxy of its own. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { startChild } from '../test/support/child-process.ts';
import { eventually } from '../test/support/eventually.ts';
import { at, listAt, textAt } from '../test/support/json.ts';
import { preciseNow } from '../test/support/loopback-server.ts';
import type { RecordedRequest, RecordingProxy } from '../test/support/recording-proxy.ts';
import { createTempDir, type TempDir } from '../test/support/temp-dir.ts';
import type { DepFolder } from './dep-folder.ts';
import { imageOf, type Service } from './services.ts';
import type { Stage } from './stage.ts';

export type ContenderKind = 'engine' | 'floor';

export interface Contender extends AsyncDisposable {
  readonly kind: ContenderKind;
  readonly proxy: RecordingProxy;
  readonly pid: number;
  /** From the spawn to its word that it watches, ms. */
  readonly startMs: number;
  readonly folder: DepFolder;
  /** Waits until every one of them is concluded with this version; rejects when the program has ended. */
  untilConcluded(services: readonly Service[], version: string, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ContenderOptions {
  readonly stage: Stage;
  readonly kind: ContenderKind;
  /** A directory that is there already; otherwise a new one with a file of this version for each service. */
  readonly folder: DepFolder;
  readonly env?: Readonly<Record<string, string>>;
}

const ENGINE = join(import.meta.dirname, '../dist/dke.cjs');
const START_LIMIT_MS = 60_000;

export async function startContender({ stage, kind, folder, env = {} }: ContenderOptions): Promise<Contender> {
  const dir = await createTempDir(`bench-${kind}`);
  const proxy = await stage.newProxy();
  const kubeconfig = dir.file('kubeconfig');
  await writeFile(kubeconfig, proxy.kubeconfig());
  const program = kind === 'engine' ? ENGINE : await bundledFloor(dir);

  const spawnedAt = preciseNow();
  const child = await startChild({
    command: process.execPath,
    args: [program],
    env: {
      PATH: process.env.PATH,
      HOME: dir.path,
      DEPS: folder.path,
      KUBECONFIG: kubeconfig,
      SERVER: proxy.url,
      LOG_FORMAT: 'json',
      ...env,
    },
    cwd: dir.path,
    logFile: dir.file('log'),
  });
  let watchingAt: number | undefined;
  createInterface(child.stdout).on('line', (line) => {
    if (line.includes('"msg":"watching')) watchingAt ??= preciseNow();
  });
  const stop = async () => {
    child.signal(kind === 'engine' ? 'SIGTERM' : 'SIGKILL');
    await child.exited;
    await proxy.stop();
    await dir.remove();
  };
  const mustRun = async () => {
    if (!child.isRunning) throw new Error(`the ${kind} ended:\n${await readFile(dir.file('log'), 'utf8')}`);
  };
  try {
    await eventually(() => watchingAt !== undefined || !child.isRunning, { timeoutMs: START_LIMIT_MS });
    await mustRun();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kind,
    proxy,
    pid: child.pid,
    startMs: (watchingAt ?? Number.NaN) - spawnedAt,
    folder,
    untilConcluded: async (services, version, timeoutMs = 120_000) => {
      const left = [...services];
      await eventually(
        async () => {
          for (let next = left.at(-1); next !== undefined; next = left.at(-1)) {
            if (!(await folder.isConcluded(next, version))) return !child.isRunning;
            left.pop();
          }
          return true;
        },
        { timeoutMs, intervalMs: 5 },
      );
      await mustRun();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** As one file, as the engine is. */
async function bundledFloor(dir: TempDir): Promise<string> {
  const outfile = dir.file('floor.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'floor.ts')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'error',
    // undici is CommonJS and asks for node's modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return outfile;
}

/** The requests that brought this version to this Deployment: one, unless something is wrong. */
export function patchesOf({ proxy }: Contender, service: Service, version: string): readonly RecordedRequest[] {
  return proxy.requests.filter((request) => request.path.endsWith(`/${service.name}`) && sets(request, version));
}

/** The first successful PATCH of this version for each Deployment: epoch ms, by name. */
export function patchTimes({ proxy }: Contender, version: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const request of proxy.requests) {
    const name = request.path.slice(request.path.lastIndexOf('/') + 1);
    if (sets(request, version) && !times.has(name)) times.set(name, request.startedAt);
  }
  return times;
}

function sets({ method, status, body }: RecordedRequest, version: string): boolean {
  if (method !== 'PATCH' || status !== 200) return false;
  const operations = { operations: JSON.parse(body) };
  return listAt(operations, 'operations').some(
    (one) =>
      at(one, 'op') !== 'test' && textAt(one, 'path').endsWith('/image') && at(one, 'value') === imageOf(version),
  );
}
