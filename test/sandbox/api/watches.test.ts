import { describe, expect, test } from 'vitest';
import { type ApiClient, MERGE_PATCH } from '../../support/api-client.ts';
import { eventually } from '../../support/eventually.ts';
import { at, textAt } from '../../support/json.ts';
import { CONFIG_MAPS, startSandboxStage } from '../../support/sandbox-stage.ts';

interface Seen {
  readonly told: string[];
  readonly ended: Promise<string>;
}

/** Follows a watch and notes `TYPE name` of each event. */
function follow(api: ApiClient, query: string): Seen {
  const told: string[] = [];
  const ended = api
    .watch(`${CONFIG_MAPS}?watch=1&${query}`, ({ type, object }) => {
      const name = textAt(object, 'metadata', 'name') || textAt(object, 'reason');
      told.push(name === '' ? type : `${type} ${name}`);
    })
    .then(
      () => 'ended',
      () => 'broken',
    );
  return { told, ended };
}

const create = (api: ApiClient, name: string, labels = {}) =>
  api.ask('POST', CONFIG_MAPS, { body: { metadata: { name, labels } } });
const label = (api: ApiClient, name: string, labels: Readonly<Record<string, string | null>>) =>
  api.ask('PATCH', `${CONFIG_MAPS}/${name}`, { body: { metadata: { labels } }, contentType: MERGE_PATCH });

describe('a watch', () => {
  test.each(['', 'resourceVersion=0'])('begins with what is there when asked from nowhere ("%s")', async (query) => {
    await using stage = await startSandboxStage();
    await create(stage.api, 'a');

    const { told } = follow(stage.api, query);
    await eventually(() => told.length === 1);
    await create(stage.api, 'b');
    await stage.api.ask('DELETE', `${CONFIG_MAPS}/a`);

    await eventually(() => told.length === 3);
    expect(told).toEqual(['ADDED a', 'ADDED b', 'DELETED a']);
  });

  test('replays from the version of a list, and misses nothing in between', async () => {
    await using stage = await startSandboxStage();
    await create(stage.api, 'before');
    const list = await stage.api.ask('GET', CONFIG_MAPS);
    await create(stage.api, 'after');

    const { told } = follow(stage.api, `resourceVersion=${textAt(list, 'metadata', 'resourceVersion')}`);
    await eventually(() => told.length === 1);
    await create(stage.api, 'later');

    await eventually(() => told.length === 2);
    expect(told).toEqual(['ADDED after', 'ADDED later']);
  });

  test('tells an object that enters the selection as ADDED and one that leaves it as DELETED', async () => {
    await using stage = await startSandboxStage();
    await create(stage.api, 'a');
    const { told } = follow(stage.api, 'labelSelector=live%3Dyes&allowWatchBookmarks=true');
    await eventually(() => told.length === 1);

    await label(stage.api, 'a', { live: 'yes' });
    await label(stage.api, 'a', { other: 'x' });
    await label(stage.api, 'a', { live: 'no' });

    await eventually(() => told.length === 4);
    expect(told).toEqual(['BOOKMARK', 'ADDED a', 'MODIFIED a', 'DELETED a']);
  });

  test('from a forgotten version ends with an ERROR event of code 410', async () => {
    await using stage = await startSandboxStage();
    await create(stage.api, 'a');
    stage.sandbox.compact();
    const events: unknown[] = [];

    await stage.api.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=1`, (event) => events.push(event));

    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
  });

  test('sends bookmarks that move the version on although nothing of its kind changes', async () => {
    await using stage = await startSandboxStage({ bookmarkEveryMs: 20 });
    const versions: number[] = [];
    const watching = new AbortController();
    const watch = stage.api
      .watch(
        `${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true`,
        ({ type, object }) => {
          if (type === 'BOOKMARK') versions.push(Number(at(object, 'metadata', 'resourceVersion')));
        },
        watching.signal,
      )
      .catch(() => 'aborted');
    await eventually(() => versions.length > 0);

    const { metadata } = stage.sandbox.store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'other' },
    });

    await eventually(() => (versions.at(-1) ?? 0) >= Number(metadata.resourceVersion));
    watching.abort();
    expect(await watch).toBe('aborted');
  });

  test('ends in good order after timeoutSeconds', async () => {
    await using stage = await startSandboxStage();

    expect(await follow(stage.api, 'timeoutSeconds=1').ended).toBe('ended');
  });
});

describe('cut watches', () => {
  test('break without a goodbye', async () => {
    await using stage = await startSandboxStage();
    await create(stage.api, 'a');
    const seen = follow(stage.api, '');
    await eventually(() => seen.told.length === 1);

    stage.sandbox.faults.cutWatches();

    expect(await seen.ended).toBe('broken');
  });
});
