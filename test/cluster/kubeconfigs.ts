/** Kubeconfig files for tests: JSON is YAML. */
import { writeFileSync } from 'node:fs';
import type { TempDir } from '../support/temp-dir.ts';

export interface KubeconfigParts {
  readonly name?: string;
  readonly server: string;
  readonly cluster?: Record<string, unknown>;
  readonly user?: Record<string, unknown>;
}

/** One context, cluster and user of the same name; returns the file's path. */
export function writeKubeconfig(dir: TempDir, parts: KubeconfigParts, file = 'kubeconfig'): string {
  const { name = 'test', server, cluster = {}, user = {} } = parts;
  const insecure = server.startsWith('http:') ? { 'insecure-skip-tls-verify': true } : {};
  const path = dir.file(file);
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server, ...insecure, ...cluster } }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    }),
  );
  return path;
}
