/** Where the binaries of the real control plane are. Nothing here builds them: `npm run control-plane` does. */
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ControlPlaneBinaries {
  readonly apiserver: string;
  readonly controllerManager: string;
  readonly etcd: string;
}

interface Module {
  /** The folder beside this file that holds `go.mod` and `go.sum`. */
  readonly folder: string;
  /** Import path of each program, and the name of its binary. */
  readonly programs: Readonly<Record<string, string>>;
  readonly linkerFlags: string;
}

const KUBERNETES_VERSION = '1.36.1';

/** Without these the API server says it is v0.0.0, and kubectl warns of a version skew. */
function kubernetesVersionFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const values = { gitVersion: `v${KUBERNETES_VERSION}`, gitMajor: major, gitMinor: minor };
  return Object.entries(values)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}

export const MODULES: readonly Module[] = [
  {
    folder: 'kubernetes',
    programs: {
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    },
    linkerFlags: `-s -w ${kubernetesVersionFlags()}`,
  },
  { folder: 'etcd', programs: { etcd: 'go.etcd.io/etcd/server/v3' }, linkerFlags: '-s -w' },
];

export const MODULES_DIR = import.meta.dirname;
export const CACHE_DIR = join(import.meta.dirname, '../../.cache/control-plane');
const STAMP = 'built-from.json';

/** What the cached binaries were built from; a difference in either means: build again. */
export interface BuildStamp {
  /** Hash of the modules' go.mod and go.sum and of the flags. */
  readonly sources: string;
  /** The line `go version` prints: version, system and architecture. */
  readonly go: string;
}

export function sourcesHash(): string {
  const hash = createHash('sha256').update(JSON.stringify(MODULES));
  for (const { folder } of MODULES) {
    for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULES_DIR, folder, file)));
  }
  return hash.digest('hex');
}

export function stampPath(cacheDir: string): string {
  return join(cacheDir, STAMP);
}

/** The stamp beside the cached binaries, or undefined when there is none that can be read. */
export function readStamp(cacheDir: string): BuildStamp | undefined {
  try {
    const stamp: unknown = JSON.parse(readFileSync(stampPath(cacheDir), 'utf8'));
    if (typeof stamp !== 'object' || stamp === null || !('sources' in stamp) || !('go' in stamp)) return undefined;
    const { sources, go } = stamp;
    return typeof sources === 'string' && typeof go === 'string' ? { sources, go } : undefined;
  } catch {
    // No stamp, or one cut short: either way the answer is to build.
    return undefined;
  }
}

/**
 * The three programs: from the folder `KUBEBUILDER_ASSETS` names when it is set, else those built from the modules as
 * they are now. Undefined when they are not built yet. Throws when `KUBEBUILDER_ASSETS` names a folder without them.
 */
export function controlPlaneBinaries(
  env: NodeJS.ProcessEnv = process.env,
  cacheDir: string = CACHE_DIR,
): ControlPlaneBinaries | undefined {
  const assets = env.KUBEBUILDER_ASSETS;
  if (assets !== undefined && assets !== '') {
    const missing = missingPrograms(assets);
    if (missing.length === 0) return binariesIn(assets);
    throw new Error(
      `KUBEBUILDER_ASSETS=${assets}: no ${missing.join(', no ')} there (setup-envtest brings no controller manager); ` +
        'add what is missing, or unset the variable and run: npm run control-plane',
    );
  }
  const fresh = readStamp(cacheDir)?.sources === sourcesHash();
  return fresh && missingPrograms(cacheDir).length === 0 ? binariesIn(cacheDir) : undefined;
}

function binariesIn(folder: string): ControlPlaneBinaries {
  return {
    apiserver: join(folder, 'kube-apiserver'),
    controllerManager: join(folder, 'kube-controller-manager'),
    etcd: join(folder, 'etcd'),
  };
}

function missingPrograms(folder: string): readonly string[] {
  const names = MODULES.flatMap(({ programs }) => Object.keys(programs));
  return names.filter((name) => !isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
