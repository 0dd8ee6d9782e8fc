import { describe, expect, test } from 'vitest';
import { deploymentManifest } from '../../support/deployment-manifest.ts';
import { at, listAt, numberAt, textAt } from '../../support/json.ts';
import { CONFIG_MAPS, DEPLOYMENTS, startSandboxStage } from '../../support/sandbox-stage.ts';

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

function names(list: unknown): readonly string[] {
  return listAt(list, 'items').map((item) => textAt(item, 'metadata', 'name'));
}

async function stageWithConfigMaps(count: number) {
  const stage = await startSandboxStage();
  for (let index = 0; index < count; index += 1) {
    const metadata = { name: `c${index}`, labels: { parity: index % 2 === 0 ? 'even' : 'odd', index: `${index}` } };
    await stage.api.ask('POST', CONFIG_MAPS, { body: { metadata } });
  }
  return stage;
}

describe('a list', () => {
  test.each([
    ['parity=even', ['c0', 'c2']],
    ['parity!=even', ['c1', 'c3']],
    ['parity in (odd),index notin (1)', ['c3']],
    ['parity,!missing', ['c0', 'c1', 'c2', 'c3']],
    ['missing', []],
  ])('selects by label: %s', async (selector, expected) => {
    await using stage = await stageWithConfigMaps(4);

    const list = await stage.api.ask('GET', `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(selector)}`);

    expect(names(list)).toEqual(expected);
  });

  test('selects by name, and refuses a field that cannot be selected by', async () => {
    await using stage = await stageWithConfigMaps(3);

    const list = await stage.api.ask('GET', `${CONFIG_MAPS}?fieldSelector=metadata.name%3Dc1`);
    const refused = await stage.api.request('GET', `${CONFIG_MAPS}?fieldSelector=data.x%3Dy`);

    expect(names(list)).toEqual(['c1']);
    expect(refused.status).toBe(400);
  });

  test('comes in pages that all show the moment of the first one', async () => {
    await using stage = await stageWithConfigMaps(5);

    const first = await stage.api.ask('GET', `${CONFIG_MAPS}?limit=2`);
    await stage.api.ask('DELETE', `${CONFIG_MAPS}/c3`);
    const token = textAt(first, 'metadata', 'continue');
    const second = await stage.api.ask('GET', `${CONFIG_MAPS}?limit=2&continue=${token}`);

    expect(names(first)).toEqual(['c0', 'c1']);
    expect(numberAt(first, 'metadata', 'remainingItemCount')).toBe(3);
    expect(names(second)).toEqual(['c2', 'c3']);
    expect(textAt(second, 'metadata', 'resourceVersion')).toBe(textAt(first, 'metadata', 'resourceVersion'));
  });

  test('refuses a continue token it does not know: 410 for an old one, 400 for junk', async () => {
    await using stage = await startSandboxStage();
    const old = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: 'x' })).toString('base64url');

    expect((await stage.api.request('GET', `${CONFIG_MAPS}?continue=${old}`)).status).toBe(410);
    expect((await stage.api.request('GET', `${CONFIG_MAPS}?continue=junk`)).status).toBe(400);
  });

  test('refuses a resourceVersion of the future with 504', async () => {
    await using stage = await startSandboxStage();

    const answer = await stage.api.request('GET', `${CONFIG_MAPS}?resourceVersion=99999999`);

    expect(answer.status).toBe(504);
    expect(textAt(answer.body, 'details', 'causes', 'reason')).toBe('');
    expect(at(answer.body, 'details', 'causes', 0, 'reason')).toBe('ResourceVersionTooLarge');
  });
});

describe('a Table', () => {
  test('has the columns and cells kubectl prints', async () => {
    await using stage = await startSandboxStage();
    stage.sandbox.controllers.pause();
    await stage.api.ask('POST', DEPLOYMENTS, { body: deploymentManifest('web', { replicas: 3 }) });

    const { body } = await stage.api.request('GET', DEPLOYMENTS, { headers: TABLE });

    expect(at(body, 'kind')).toBe('Table');
    const columns = listAt(body, 'columnDefinitions').map((column) => textAt(column, 'name'));
    expect(columns).toEqual(['Name', 'Ready', 'Up-to-date', 'Available', 'Age', 'Containers', 'Images', 'Selector']);
    const cells = listAt(body, 'rows', 0, 'cells');
    expect(cells.toSpliced(4, 1)).toEqual(['web', '0/3', 0, 0, 'app', 'registry.test/app:v1', 'app=web']);
    expect(at(body, 'rows', 0, 'object', 'kind')).toBe('PartialObjectMetadata');
  });
});

describe('what the sandbox does not serve', () => {
  test.each(['/apis/apps/v1/namespaces/default/statefulsets', '/apis/batch/v1/jobs', '/nothing'])(
    'is refused by name: %s',
    async (path) => {
      await using stage = await startSandboxStage();

      const { status, body } = await stage.api.request('GET', path);

      expect(status).toBe(404);
      expect(body).toMatchObject({ kind: 'Status', reason: 'NotFound' });
      expect(textAt(body, 'message')).toMatch(/the sandbox (does not serve|serves nothing)/);
    },
  );

  test('a client that takes no JSON is answered 406', async () => {
    await using stage = await startSandboxStage();

    const { status } = await stage.api.request('GET', DEPLOYMENTS, { headers: { accept: 'application/yaml' } });

    expect(status).toBe(406);
  });

  test('a name that could leave its path is refused before it is resolved', async () => {
    await using stage = await startSandboxStage();

    expect((await stage.api.request('GET', `${DEPLOYMENTS}/%2e%2e`)).status).toBe(400);
    expect((await stage.api.request('GET', '/api/v1/namespaces/..')).status).toBe(400);
  });
});
