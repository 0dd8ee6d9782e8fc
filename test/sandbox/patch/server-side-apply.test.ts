import { describe, expect, test } from 'vitest';
import { APPLY_PATCH, MERGE_PATCH } from '../../support/api-client.ts';
import { deploymentManifest } from '../../support/deployment-manifest.ts';
import { at, listAt } from '../../support/json.ts';
import { DEPLOYMENTS, startSandboxStage } from '../../support/sandbox-stage.ts';

const WEB = `${DEPLOYMENTS}/web`;

function configuration(spec: Readonly<Record<string, unknown>>) {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec };
}

function managers(object: unknown): readonly string[] {
  return listAt(object, 'metadata', 'managedFields').map(
    (entry) => `${at(entry, 'manager')} ${at(entry, 'operation')}`,
  );
}

describe('server-side apply', () => {
  test('creates what is missing and owns exactly what was applied', async () => {
    await using stage = await startSandboxStage();

    const created = await stage.api.request('PATCH', `${WEB}?fieldManager=ci`, {
      body: deploymentManifest('web'),
      contentType: APPLY_PATCH,
    });

    expect(created.status).toBe(201);
    const [entry] = listAt(created.body, 'metadata', 'managedFields');
    expect(entry).toMatchObject({ manager: 'ci', operation: 'Apply', apiVersion: 'apps/v1', fieldsType: 'FieldsV1' });
    const container = at(entry, 'fieldsV1', 'f:spec', 'f:template', 'f:spec', 'f:containers', 'k:{"name":"app"}');
    expect(container).toEqual({ '.': {}, 'f:image': {}, 'f:name': {} });
  });

  test('refuses to take a field from another manager, naming both, unless forced', async () => {
    await using stage = await startSandboxStage();
    const { api } = stage;
    await api.ask('POST', `${DEPLOYMENTS}?fieldManager=person`, { body: deploymentManifest('web') });
    const apply = { body: configuration({ replicas: 3 }), contentType: APPLY_PATCH };

    const refused = await api.request('PATCH', `${WEB}?fieldManager=ci`, apply);
    const forced = await api.request('PATCH', `${WEB}?fieldManager=ci&force=true`, apply);

    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "person" using apps/v1: .spec.replicas',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "person" using apps/v1', field: '.spec.replicas' },
        ],
      },
    });
    expect(at(forced.body, 'spec', 'replicas')).toBe(3);
    expect(managers(forced.body)).toEqual(expect.arrayContaining(['ci Apply', 'person Update']));
  });

  test('removes what its manager no longer applies, with the defaults it had brought', async () => {
    await using stage = await startSandboxStage();
    const { api } = stage;
    const probe = { readinessProbe: { httpGet: { port: 80 } } };
    const template = (containers: readonly unknown[]) => ({
      metadata: { labels: { app: 'web' } },
      spec: { containers },
    });
    const full = template([
      { name: 'app', image: 'a:1', ...probe },
      { name: 'side', image: 's:1' },
    ]);
    const small = template([{ name: 'app', image: 'a:1' }]);
    const apply = (manifest: unknown) =>
      api.ask('PATCH', `${WEB}?fieldManager=ci`, { body: manifest, contentType: APPLY_PATCH });
    await apply(deploymentManifest('web', { template: full }));

    const shrunk = await apply(deploymentManifest('web', { template: small }));

    const containers = listAt(shrunk, 'spec', 'template', 'spec', 'containers');
    expect(containers).toHaveLength(1);
    expect(at(containers[0], 'readinessProbe')).toBeUndefined();
    expect(at(containers[0], 'imagePullPolicy')).toBe('IfNotPresent');
  });

  test('leaves a field that another manager owns too', async () => {
    await using stage = await startSandboxStage();
    const { api } = stage;
    const apply = (manager: string, manifest: unknown) =>
      api.ask('PATCH', `${WEB}?fieldManager=${manager}`, { body: manifest, contentType: APPLY_PATCH });
    await apply('one', deploymentManifest('web', { replicas: 4 }));
    await apply('two', configuration({ replicas: 4 }));

    const given = await apply('one', deploymentManifest('web', { replicas: undefined }));

    expect(at(given, 'spec', 'replicas')).toBe(4);
  });

  test('wants a manager, a kind, and no managedFields', async () => {
    await using stage = await startSandboxStage();
    const ask = async (query: string, body: unknown) =>
      (await stage.api.request('PATCH', `${WEB}${query}`, { body, contentType: APPLY_PATCH })).status;

    expect(await ask('', configuration({}))).toBe(422);
    expect(await ask('?fieldManager=ci', { metadata: { name: 'web' } })).toBe(400);
  });
});

describe('managedFields', () => {
  test('name who set the image, whoever wrote last', async () => {
    await using stage = await startSandboxStage();
    const { api } = stage;
    await api.ask('POST', `${DEPLOYMENTS}?fieldManager=person`, { body: deploymentManifest('web') });

    const annotate = { body: { metadata: { annotations: { a: 'b' } } }, contentType: MERGE_PATCH };
    await api.ask('PATCH', `${WEB}?fieldManager=other`, annotate);
    const containers = [{ name: 'app', image: 'registry.test/app:v2' }];
    const deployed = await api.ask('PATCH', `${WEB}?fieldManager=engine`, {
      body: { spec: { template: { spec: { containers } } } },
      contentType: 'application/strategic-merge-patch+json',
    });

    const owners = listAt(deployed, 'metadata', 'managedFields').filter((entry) =>
      JSON.stringify(at(entry, 'fieldsV1')).includes('f:image"'),
    );
    expect(owners.map((entry) => at(entry, 'manager'))).toEqual(['engine']);
  });
});
