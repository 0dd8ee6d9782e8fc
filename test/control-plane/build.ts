/**
 * Builds the real control plane's binaries with Go into the cache folder; does nothing when they are there.
 * Run by `npm run control-plane`. Cold about six minutes on two cores, most of it kube-apiserver.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  CACHE_DIR,
  controlPlaneBinaries,
  MODULES,
  MODULES_DIR,
  readStamp,
  sourcesHash,
  stampPath,
} from './binaries.ts';
import { createProgress } from './progress.ts';

type Module = (typeof MODULES)[number];

/** The line `go version` prints, or undefined when there is no Go on the PATH. */
function goVersion(): string | undefined {
  const { status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function go(args: readonly string[], folder: string) {
  // GOWORK: a workspace file above the repository must not change what is built.
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' };
  return spawn('go', args, { cwd: join(MODULES_DIR, folder), env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function exitCode(child: ReturnType<typeof go>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/** How many packages the programs consist of: the whole of which the progress line tells a part. */
async function countPackages({ folder, programs }: Module): Promise<number> {
  const child = go(['list', '-deps', ...Object.values(programs)], folder);
  let count = 0;
  createInterface(child.stdout).on('line', () => {
    count += 1;
  });
  child.stderr.on('data', (text) => process.stderr.write(text));
  if ((await exitCode(child)) !== 0) throw new Error(`go list failed in test/control-plane/${folder}`);
  return count;
}

async function buildModule(module: Module, outDir: string): Promise<void> {
  const names = Object.keys(module.programs).join(', ');
  const progress = createProgress(names, await countPackages(module));
  const flags = ['-v', '-trimpath', '-buildvcs=false', '-ldflags', module.linkerFlags];
  const told: string[] = [];

  for (const [name, path] of Object.entries(module.programs)) {
    const child = go(['build', ...flags, '-o', join(outDir, name), path], module.folder);
    // With -v each package is named on a line of its own once it is built; whatever holds a space is a message.
    createInterface(child.stderr).on('line', (line) => {
      if (line.includes(' ')) told.push(line);
      else progress.advance();
    });
    if ((await exitCode(child)) !== 0) {
      progress.end('failed');
      throw new Error(`go build of ${name} failed:\n${told.slice(-30).join('\n')}`);
    }
  }
  progress.end('built');
}

/** Removes what builds that were killed left behind: folders named after a process that is no more. */
function removeAbandonedBuilds(): void {
  for (const name of readdirSync(CACHE_DIR)) {
    const pid = /^building-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(CACHE_DIR, name), { recursive: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function buildAll(goLine: string): Promise<void> {
  mkdirSync(CACHE_DIR, { recursive: true });
  removeAbandonedBuilds();
  const outDir = join(CACHE_DIR, `building-${process.pid}`);
  mkdirSync(outDir);
  try {
    for (const module of MODULES) await buildModule(module, outDir);
    for (const name of readdirSync(outDir)) renameSync(join(outDir, name), join(CACHE_DIR, name));
    // Last: a stamp without its binaries would be a lie that stays.
    writeFileSync(stampPath(CACHE_DIR), `${JSON.stringify({ sources: sourcesHash(), go: goLine }, null, 2)}\n`);
  } finally {
    rmSync(outDir, { recursive: true });
  }
}

async function main(): Promise<number> {
  const found = controlPlaneBinaries();
  if (found !== undefined && process.env.KUBEBUILDER_ASSETS) {
    console.log(`control plane: using KUBEBUILDER_ASSETS=${process.env.KUBEBUILDER_ASSETS}, nothing to build`);
    return 0;
  }
  const goLine = goVersion();
  if (found !== undefined && (goLine === undefined || readStamp(CACHE_DIR)?.go === goLine)) {
    console.log('control plane: already built, nothing to do');
    return 0;
  }
  if (goLine === undefined) {
    console.error(
      'control plane: `go` is not on the PATH. Install Go 1.26 or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS ' +
        'to a folder that holds kube-apiserver, kube-controller-manager and etcd.',
    );
    return 1;
  }
  await buildAll(goLine);
  console.log(`control plane: built into ${CACHE_DIR}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`control plane: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
