import { describe, expect, test } from 'vitest';
import { ApiStatus } from '../../src/sandbox/api-status.ts';
import { createHistory } from '../../src/sandbox/history.ts';
import type { NewObject } from '../../src/sandbox/objects.ts';
import { createStore, type StoreEvent } from '../../src/sandbox/store.ts';

function configMap(name: string, labels: Readonly<Record<string, string>> = {}): NewObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels } };
}

function deployment(name: string): NewObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' }, spec: { replicas: 1 } };
}

function codeOf(run: () => unknown): number | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof ApiStatus ? error.code : Number.NaN;
  }
}

describe('a store', () => {
  test('gives every change a higher resourceVersion, whatever the resource', () => {
    const store = createStore();

    const first = store.create('configmaps', configMap('a'));
    const second = store.create('deployments.apps', deployment('b'));
    const third = store.update('configmaps', { ...first, data: { key: 'value' } });

    const versions = [first, second, third].map((object) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((left, right) => left - right));
    expect(new Set(versions).size).toBe(3);
  });

  test('refuses a stale resourceVersion and a name that is taken', () => {
    const store = createStore();
    const first = store.create('configmaps', configMap('a'));
    store.update('configmaps', { ...first, data: { key: '1' } });

    expect(codeOf(() => store.update('configmaps', { ...first, data: { key: '2' } }))).toBe(409);
    expect(codeOf(() => store.create('configmaps', configMap('a')))).toBe(409);
    expect(codeOf(() => store.delete('configmaps', 'default', 'nope'))).toBe(404);
  });

  test('keeps the object when a write changes nothing', () => {
    const store = createStore();
    const first = store.create('configmaps', configMap('a'));
    const events: StoreEvent[] = [];
    store.subscribe((event) => events.push(event));

    expect(store.update('configmaps', { ...first, data: undefined })).toBe(first);
    expect(events).toEqual([]);
  });

  test('raises the generation of a Deployment for its spec and its annotations, not for labels or status', () => {
    const store = createStore();
    const created = store.create('deployments.apps', deployment('web'));

    const labelled = store.update('deployments.apps', {
      ...created,
      metadata: { ...created.metadata, labels: { a: 'b' } },
    });
    const annotated = store.update('deployments.apps', {
      ...labelled,
      metadata: { ...labelled.metadata, annotations: { a: 'b' } },
    });
    const scaled = store.update('deployments.apps', { ...annotated, spec: { replicas: 2 } });
    const told = store.update(
      'deployments.apps',
      { ...scaled, metadata: { ...scaled.metadata, annotations: { a: 'c' } }, status: { replicas: 2 } },
      { subresource: 'status' },
    );

    const generations = [created, labelled, annotated, scaled, told].map((object) => object.metadata.generation);
    expect(generations).toEqual([1, 1, 2, 3, 3]);
    expect(told.metadata.annotations).toEqual({ a: 'c' });
  });

  test('keeps status and spec apart', () => {
    const store = createStore();
    const created = store.create('deployments.apps', deployment('web'));

    const status = store.update(
      'deployments.apps',
      { ...created, spec: { replicas: 9 }, status: { replicas: 1 } },
      { subresource: 'status' },
    );
    const spec = store.update('deployments.apps', { ...status, spec: { replicas: 2 }, status: {} });

    expect(spec.spec).toEqual({ replicas: 2 });
    expect(spec.status).toEqual({ replicas: 1 });
  });

  test('names an object after its generateName', () => {
    const store = createStore();

    const { metadata } = store.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'web-', namespace: 'default' },
    });

    expect(metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
  });

  test('lists in the order of names and follows owners through every change', () => {
    const store = createStore();
    const owner = store.create('deployments.apps', deployment('web'));
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: owner.metadata.uid };
    for (const name of ['c', 'a', 'b']) {
      const { metadata, ...rest } = configMap(name, { tier: name === 'b' ? 'back' : 'front' });
      store.create('configmaps', { ...rest, metadata: { ...metadata, ownerReferences: [reference] } });
    }
    const orphan = store.get('configmaps', 'default', 'a');
    if (!orphan) throw new Error('a is gone');
    const { ownerReferences: _, ...metadata } = orphan.metadata;
    store.update('configmaps', { ...orphan, metadata });

    const names = (filter: Parameters<typeof store.list>[1]) =>
      store.list('configmaps', filter).map((object) => object.metadata.name);
    expect(names({})).toEqual(['a', 'b', 'c']);
    expect(names({ ownerUid: owner.metadata.uid })).toEqual(['b', 'c']);
    expect(names({ namespace: 'default', matchLabels: { tier: 'front' } })).toEqual(['a', 'c']);
    expect(names({ namespace: 'elsewhere' })).toEqual([]);
  });

  test('tells a write made inside a listener after the event that caused it', () => {
    const store = createStore();
    store.subscribe(({ type, object }) => {
      if (type === 'ADDED') store.update('configmaps', { ...object, data: { seen: 'yes' } });
    });
    const told: string[] = [];
    store.subscribe(({ type }) => told.push(type));

    store.create('configmaps', configMap('a'));

    expect(told).toEqual(['ADDED', 'MODIFIED']);
  });
});

describe('cost', () => {
  /** How many objects a list with these labels looks at, in a store of that size. */
  function looksAt(size: number): number {
    const store = createStore();
    for (let index = 0; index < size; index += 1)
      store.create('configmaps', configMap(`c${index}`, { app: `${index}` }));
    let looked = 0;
    const labels = () => {
      looked += 1;
      return true;
    };
    store.list('configmaps', { namespace: 'default', matchLabels: { app: '7' }, labels });
    return looked;
  }

  test('of a list by label is the size of the answer, at 10 and at 10,000 objects', () => {
    expect([looksAt(10), looksAt(10_000)]).toEqual([1, 1]);
  });
});

describe('a history', () => {
  test('replays what came after a version and forgets what is too old', () => {
    const store = createStore();
    const history = createHistory(store, 2);
    const start = store.version();
    for (const name of ['a', 'b', 'c', 'd']) store.create('configmaps', configMap(name));

    const names = history.since('configmaps', start + 2)?.map(({ object }) => object.metadata.name);

    expect(names).toEqual(['c', 'd']);
    expect(history.since('configmaps', start)).toBeUndefined();
    expect(history.since('pods', start)).toEqual([]);
    history.stop();
  });
});
