import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { controlPlaneBinaries, sourcesHash, stampPath } from './binaries.ts';

const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'etcd'];

async function folderWith(names: readonly string[]): Promise<TempDir> {
  const dir = await createTempDir();
  for (const name of names) await writeFile(dir.file(name), '#!/bin/sh\n', { mode: 0o755 });
  return dir;
}

test('KUBEBUILDER_ASSETS names the folder of the programs and wins over what is built', async () => {
  await using assets = await folderWith(PROGRAMS);

  const binaries = controlPlaneBinaries({ KUBEBUILDER_ASSETS: assets.path });

  expect(binaries).toEqual({
    apiserver: assets.file('kube-apiserver'),
    controllerManager: assets.file('kube-controller-manager'),
    etcd: assets.file('etcd'),
  });
});

test('KUBEBUILDER_ASSETS without one of the programs is an error that names it', async () => {
  await using assets = await folderWith(['kube-apiserver', 'etcd']);

  expect(() => controlPlaneBinaries({ KUBEBUILDER_ASSETS: assets.path })).toThrow('no kube-controller-manager');
});

test('what was built from other modules counts as not built', async () => {
  await using cache = await folderWith(PROGRAMS);
  const stampWith = (sources: string) => writeFile(stampPath(cache.path), JSON.stringify({ sources, go: 'go' }));

  await stampWith('another');
  expect(controlPlaneBinaries({}, cache.path)).toBeUndefined();

  await stampWith(sourcesHash());
  expect(controlPlaneBinaries({}, cache.path)).toMatchObject({ etcd: cache.file('etcd') });
});

test('a program that is missing, or a stamp cut short, counts as not built', async () => {
  await using cache = await folderWith(['etcd']);

  await writeFile(stampPath(cache.path), JSON.stringify({ sources: sourcesHash(), go: 'go' }));
  expect(controlPlaneBinaries({}, cache.path)).toBeUndefined();

  await writeFile(stampPath(cache.path), '{"sources":');
  expect(controlPlaneBinaries({}, cache.path)).toBeUndefined();
});
