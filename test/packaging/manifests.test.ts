import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VARIABLES } from '../../src/config.ts';
import { parseDepFile } from '../../src/domain/dep-file.ts';
import { keyOfFileName, parseTargetKey } from '../../src/domain/target.ts';
import { objectOf, ROOT, readManifest, readManifests } from './manifest-files.ts';

const engine = readManifests('manifests/engine');
const services = readManifests('manifests/services');
const kustomization = readManifest('manifests/engine/kustomization.yaml').objects[0];
const deployment = objectOf(readManifest('manifests/engine/deployment.yaml'), 'Deployment');
const handIn = objectOf(readManifest('manifests/engine/hand-in-version.yaml'), 'Job');

interface PodTemplate {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext?: object;
        readonly volumes?: readonly object[];
        readonly containers: readonly {
          readonly name: string;
          readonly image: string;
          readonly env?: readonly { readonly name: string; readonly value: string }[];
          readonly securityContext?: object;
        }[];
      };
    };
  };
}

const podOf = (object: unknown) => (object as PodTemplate).spec.template.spec;

test.each([...engine, ...services])('$path holds objects that Kubernetes can name', ({ objects }) => {
  expect(objects.length).toBeGreaterThan(0);
  for (const object of objects.filter(({ kind }) => kind !== 'Kustomization')) {
    expect(object).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
    expect(object.metadata.name ?? object.metadata.generateName).toMatch(/^[a-z][a-z0-9-]*$/);
  }
});

test('the kustomization names every file but the alternative and the example', () => {
  const others = ['kustomization.yaml', 'role-per-namespace.yaml', 'hand-in-version.yaml'];
  const files = readdirSync(join(ROOT, 'manifests/engine')).filter((name) => !others.includes(name));

  expect(new Set(kustomization?.resources as string[])).toEqual(new Set(files));
});

test('the kustomization runs the version of this package', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  expect(kustomization?.images).toEqual([expect.objectContaining({ newTag: version })]);
});

test.skipIf(spawnSync('kubectl', ['version', '--client']).status !== 0)('kustomize puts the engine together', () => {
  const built = spawnSync('kubectl', ['kustomize', join(ROOT, 'manifests/engine')], { encoding: 'utf8' });

  expect(built.stderr).toBe('');
  expect(built.stdout).toMatch(/image: deployment-k8s-engine:\d/);
});

test('the account may do what the engine does, and no more', () => {
  const { rules } = objectOf(readManifest('manifests/engine/cluster-role.yaml'), 'ClusterRole');

  expect(rules).toEqual([
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['list', 'watch'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    { apiGroups: [''], resources: ['events'], verbs: ['list'] },
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'create'] },
  ]);
});

test('the rights in one namespace are the same but for namespaces', () => {
  const everywhere = objectOf(readManifest('manifests/engine/cluster-role.yaml'), 'ClusterRole');
  const here = objectOf(readManifest('manifests/engine/role-per-namespace.yaml'), 'Role');

  expect(here.rules).toEqual((everywhere.rules as object[]).slice(0, -1));
});

test('one engine runs at a time, also during an update', () => {
  expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
});

test.each([
  ['the engine', podOf(deployment)],
  ['the hand-in job', podOf(handIn)],
])('%s meets the restricted Pod Security Standard', (_who, pod) => {
  const folders = pod.volumes?.map((volume) => Object.keys(volume).filter((key) => key !== 'name'));

  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  expect(folders?.flat().every((kind) => ['persistentVolumeClaim', 'secret'].includes(kind))).toBe(true);
  for (const container of pod.containers) {
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

test('every setting in the Deployment is one the engine knows, and none is a secret', () => {
  const known = VARIABLES.filter(({ secret }) => secret !== true).map(({ name }) => name);

  for (const { name } of podOf(deployment).containers[0]?.env ?? []) {
    expect([...known, 'CREDENTIALS_DIRECTORY']).toContain(name);
  }
});

test('each service file is named like its Deployment and that like its container', () => {
  for (const file of services) {
    const { metadata, ...rest } = objectOf(file, 'Deployment');

    expect(file.path).toBe(`manifests/services/${metadata.name}.yaml`);
    expect(podOf(rest).containers.map(({ name }) => name)).toContain(metadata.name);
  }
});

test('the hand-in job writes a dep file the engine takes at once', () => {
  const env = new Map(podOf(handIn).containers[0]?.env?.map(({ name, value }) => [name, value]));
  const key = keyOfFileName(`${env.get('TARGET')}.dep`);

  expect(key && parseTargetKey(key)).toMatchObject({ kind: 'target' });
  expect(parseDepFile(Buffer.from(`${env.get('VERSION')}\n`))).toMatchObject({ kind: 'request' });
});
