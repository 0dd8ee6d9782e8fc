import { describe, expect, test } from 'vitest';
import { JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from '../../support/api-client.ts';
import { deploymentManifest } from '../../support/deployment-manifest.ts';
import { at, listAt, numberAt, textAt } from '../../support/json.ts';
import { CONFIG_MAPS, DEPLOYMENTS, type SandboxStage, startSandboxStage } from '../../support/sandbox-stage.ts';

const WEB = `${DEPLOYMENTS}/web`;

async function stageWithWeb(): Promise<SandboxStage> {
  const stage = await startSandboxStage();
  stage.sandbox.controllers.pause();
  await stage.api.ask('POST', DEPLOYMENTS, { body: deploymentManifest('web') });
  return stage;
}

function causes(body: unknown): readonly string[] {
  return listAt(body, 'details', 'causes').map((cause) => `${textAt(cause, 'reason')} ${textAt(cause, 'field')}`);
}

describe('a new Deployment', () => {
  test('is stored with the defaults of the real server', async () => {
    await using stage = await stageWithWeb();

    const web = await stage.api.ask('GET', WEB);

    expect(at(web, 'spec')).toMatchObject({
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 },
      },
    });
    expect(at(web, 'metadata', 'generation')).toBe(1);
    expect(at(web, 'metadata', 'annotations')).toBeUndefined();
  });

  test.each([
    ['an empty image', { template: template('') }, ['FieldValueRequired spec.template.spec.containers[0].image']],
    ['negative replicas', { replicas: -1 }, ['FieldValueInvalid spec.replicas']],
    [
      'a selector that misses its template',
      { selector: { matchLabels: { app: 'other' } } },
      ['FieldValueInvalid spec.template.metadata.labels'],
    ],
    [
      'no room to roll',
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      ['FieldValueInvalid spec.strategy.rollingUpdate.maxUnavailable'],
    ],
  ])('with %s is 422 and names the field', async (_, spec, expected) => {
    await using stage = await startSandboxStage();

    const { status, body } = await stage.api.request('POST', DEPLOYMENTS, { body: deploymentManifest('web', spec) });

    expect([status, textAt(body, 'reason')]).toEqual([422, 'Invalid']);
    expect(causes(body)).toEqual(expected);
  });

  test('with a field of the wrong type is 400', async () => {
    await using stage = await startSandboxStage();

    const { status, body } = await stage.api.request('POST', DEPLOYMENTS, {
      body: deploymentManifest('web', { replicas: 'two' }),
    });

    expect(status).toBe(400);
    expect(textAt(body, 'message')).toContain(
      'cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas',
    );
  });

  test('loses fields nobody declared, with a warning, or is refused when strict', async () => {
    await using stage = await startSandboxStage();
    const body = deploymentManifest('web', { colour: 'red' });

    const strict = await stage.api.request('POST', `${DEPLOYMENTS}?fieldValidation=Strict`, { body });
    const warned = await stage.api.request('POST', DEPLOYMENTS, { body });

    expect(strict.status).toBe(400);
    expect(textAt(strict.body, 'message')).toContain('strict decoding error: unknown field "spec.colour"');
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toContain('unknown field');
    expect(at(warned.body, 'spec', 'colour')).toBeUndefined();
  });

  test('needs a namespace that is there, and a name that is free', async () => {
    await using stage = await stageWithWeb();
    const elsewhere = DEPLOYMENTS.replace('default', 'nowhere');

    const missing = await stage.api.request('POST', elsewhere, { body: deploymentManifest('web') });
    const taken = await stage.api.request('POST', DEPLOYMENTS, { body: deploymentManifest('web') });

    expect([missing.status, textAt(missing.body, 'message')]).toEqual([404, 'namespaces "nowhere" not found']);
    expect([taken.status, textAt(taken.body, 'reason')]).toEqual([409, 'AlreadyExists']);
  });

  test('is not kept by a dry run', async () => {
    await using stage = await startSandboxStage();

    const dry = await stage.api.request('POST', `${DEPLOYMENTS}?dryRun=All`, { body: deploymentManifest('web') });

    expect(dry.status).toBe(201);
    expect(at(dry.body, 'metadata', 'resourceVersion')).toBeUndefined();
    expect((await stage.api.request('GET', WEB)).status).toBe(404);
  });
});

describe('a patch', () => {
  test('that cannot be applied has no causes, one that spoils the object has', async () => {
    await using stage = await stageWithWeb();
    const image = '/spec/template/spec/containers/0/image';
    const patch = (operations: unknown) =>
      stage.api.request('PATCH', WEB, { body: operations, contentType: JSON_PATCH });

    const failed = await patch([{ op: 'test', path: image, value: 'else' }]);
    const spoiled = await patch([{ op: 'replace', path: image, value: '' }]);

    expect([failed.status, causes(failed.body)]).toEqual([422, []]);
    expect(textAt(failed.body, 'message')).toBe('the server rejected our request due to an error in our request');
    expect([spoiled.status, causes(spoiled.body)]).toEqual([
      422,
      ['FieldValueRequired spec.template.spec.containers[0].image'],
    ]);
  });

  test('does not check what an image looks like', async () => {
    await using stage = await stageWithWeb();
    const containers = [{ name: 'app', image: ' x y:::' }];

    const answer = await stage.api.request('PATCH', WEB, {
      body: { spec: { template: { spec: { containers } } } },
      contentType: STRATEGIC_MERGE_PATCH,
    });

    expect(answer.status).toBe(200);
  });

  test('of the wrong content type is 415', async () => {
    await using stage = await stageWithWeb();

    expect((await stage.api.request('PATCH', WEB, { body: [] })).status).toBe(415);
  });

  test('raises the generation for an annotation, and not at all when nothing changes', async () => {
    await using stage = await stageWithWeb();
    const annotate = () =>
      stage.api.ask('PATCH', WEB, { body: { metadata: { annotations: { a: 'b' } } }, contentType: MERGE_PATCH });

    const first = await annotate();
    const second = await annotate();

    expect(numberAt(first, 'metadata', 'generation')).toBe(2);
    expect(second).toEqual(first);
  });

  test('with an old resourceVersion is 409, with another selector 422', async () => {
    await using stage = await stageWithWeb();
    const patch = (body: unknown) => stage.api.request('PATCH', WEB, { body, contentType: MERGE_PATCH });

    const stale = await patch({ metadata: { resourceVersion: '1' } });
    const moved = await patch({
      spec: { selector: { matchLabels: { b: 'c' } }, template: { metadata: { labels: { b: 'c' } } } },
    });

    expect([stale.status, textAt(stale.body, 'reason')]).toEqual([409, 'Conflict']);
    expect(causes(moved.body)).toEqual(['FieldValueInvalid spec.selector']);
  });

  test('of the scale changes replicas alone', async () => {
    await using stage = await stageWithWeb();

    const scale = await stage.api.ask('PATCH', `${WEB}/scale`, {
      body: { spec: { replicas: 5 } },
      contentType: MERGE_PATCH,
    });

    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { selector: 'app=web' } });
    expect(at(await stage.api.ask('GET', WEB), 'spec', 'replicas')).toBe(5);
  });
});

describe('a deletion', () => {
  test('waits for finalizers', async () => {
    await using stage = await startSandboxStage();
    const { api } = stage;
    await api.ask('POST', CONFIG_MAPS, { body: { metadata: { name: 'a', finalizers: ['test/hold'] } } });

    const marked = await api.ask('DELETE', `${CONFIG_MAPS}/a`);
    await api.ask('PATCH', `${CONFIG_MAPS}/a`, { body: { metadata: { finalizers: null } }, contentType: MERGE_PATCH });

    expect(textAt(marked, 'metadata', 'deletionTimestamp')).not.toBe('');
    expect((await api.request('GET', `${CONFIG_MAPS}/a`)).status).toBe(404);
  });

  test('is refused when its precondition does not hold', async () => {
    await using stage = await stageWithWeb();
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'another' } };

    expect((await stage.api.request('DELETE', WEB, { body })).status).toBe(409);
    expect(at(await stage.api.ask('DELETE', WEB), 'status')).toBe('Success');
  });

  test('of a collection takes what the selector selects', async () => {
    await using stage = await startSandboxStage();
    const { api } = stage;
    for (const name of ['a', 'b']) {
      await api.ask('POST', CONFIG_MAPS, { body: { metadata: { name, labels: { name } } } });
    }

    await api.ask('DELETE', `${CONFIG_MAPS}?labelSelector=name%3Da`);

    const left = await api.ask('GET', CONFIG_MAPS);
    expect(listAt(left, 'items').map((item) => textAt(item, 'metadata', 'name'))).toEqual(['b']);
  });
});

describe('the cost of a patch', () => {
  /** How many objects change when the image of one Deployment among so many is patched; its controllers are paused. */
  async function changesPerPatch(size: number): Promise<number> {
    await using stage = await startSandboxStage();
    stage.sandbox.controllers.pause();
    for (let index = 0; index < size; index += 1) {
      const { metadata, ...rest } = deploymentManifest(`d${index}`);
      stage.sandbox.store.create('deployments.apps', { ...rest, metadata: { ...metadata, namespace: 'default' } });
    }
    let changes = 0;
    stage.sandbox.store.subscribe(() => {
      changes += 1;
    });
    const patch = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'registry.test/app:v2' }];
    await stage.api.ask('PATCH', `${DEPLOYMENTS}/d3`, { body: patch, contentType: JSON_PATCH });
    return changes;
  }

  test('is one change, among 10 and among 10,000 Deployments', async () => {
    expect([await changesPerPatch(10), await changesPerPatch(10_000)]).toEqual([1, 1]);
  });
});

function template(image: string) {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image }] } };
}
