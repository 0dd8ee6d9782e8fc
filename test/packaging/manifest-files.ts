/** The YAML files of `manifests/`, read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadAllYaml } from '@kubernetes/client-node';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface ManifestFile {
  /** From the project's folder, e.g. `manifests/engine/volume.yaml`. */
  readonly path: string;
  readonly objects: readonly Manifest[];
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly generateName?: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

export function readManifests(folder: string): ManifestFile[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readManifest(`${folder}/${name}`));
}

export function readManifest(path: string): ManifestFile {
  return { path, objects: loadAllYaml(readFileSync(join(ROOT, path), 'utf8')) as Manifest[] };
}

/** The only object of the kind in the file. */
export function objectOf(file: ManifestFile, kind: string): Manifest {
  const found = file.objects.filter((object) => object.kind === kind);
  const [object] = found;
  if (object === undefined || found.length > 1) throw new Error(`${file.path} holds ${found.length} of ${kind}`);
  return object;
}
