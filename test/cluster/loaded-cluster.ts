/** Clusters as they are loaded from a kubeconfig, and what else a test ends afterwards. */
import { afterEach } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Cluster, loadCluster } from '../../src/cluster/cluster.ts';
import type { Call } from '../../src/cluster/connection.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** Run after each test, last first. */
export const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function tempDir(): Promise<TempDir> {
  const dir = await createTempDir();
  cleanups.push(() => dir.remove());
  return dir;
}

/** Credential plugins inherit `SESSION=ours`. */
export function load(kubeconfig: string, clock = systemClock, onCall: (call: Call) => void = () => {}): Cluster {
  const cluster = loadCluster({ kubeconfig, userAgent: 'test', pluginEnv: { SESSION: 'ours' }, onCall }, clock);
  cleanups.push(() => cluster.close());
  return cluster;
}
