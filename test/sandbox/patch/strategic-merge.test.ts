import { describe, expect, test } from 'vitest';
import { at, items } from '../../../src/sandbox/objects.ts';
import { applyStrategicMerge } from '../../../src/sandbox/patch/strategic-merge.ts';

const pod = {
  spec: {
    containers: [
      { name: 'web', image: 'web:1', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] },
      { name: 'side', image: 'side:1' },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
    tolerations: [{ key: 'a' }, { key: 'b' }],
  },
  metadata: { finalizers: ['x/one'] },
};

function containers(patch: Readonly<Record<string, unknown>>): readonly unknown[] {
  return items(at(applyStrategicMerge(pod, { spec: patch }), 'spec', 'containers'));
}

function names(list: readonly unknown[]): readonly unknown[] {
  return list.map((item) => at(item, 'name'));
}

describe('a strategic merge patch', () => {
  test('changes the image of the named container and leaves the other one alone', () => {
    const [web, side] = containers({ containers: [{ name: 'side', image: 'side:2' }] });

    expect([at(web, 'image'), at(side, 'image')]).toEqual(['web:1', 'side:2']);
  });

  test('puts new entries first, as upstream orders them', () => {
    expect(names(containers({ containers: [{ name: 'new', image: 'n' }] }))).toEqual(['new', 'web', 'side']);
  });

  test('orders by $setElementOrder', () => {
    const order = [{ name: 'side' }, { name: 'new' }, { name: 'web' }];
    const patched = containers({ '$setElementOrder/containers': order, containers: [{ name: 'new', image: 'n' }] });

    expect(names(patched)).toEqual(['side', 'new', 'web']);
  });

  test('deletes and replaces by directive', () => {
    expect(names(containers({ containers: [{ name: 'side', $patch: 'delete' }] }))).toEqual(['web']);
    expect(names(containers({ containers: [{ $patch: 'replace' }, { name: 'only', image: 'o' }] }))).toEqual(['only']);
  });

  test('merges ports by containerPort and env by name', () => {
    const [web] = containers({
      containers: [{ name: 'web', ports: [{ containerPort: 80, name: 'http' }], env: [{ name: 'B', value: '2' }] }],
    });

    expect(at(web, 'ports')).toEqual([{ containerPort: 80, name: 'http' }]);
    expect(names(items(at(web, 'env')))).toEqual(['B', 'A']);
  });

  test('drops what $retainKeys does not name, and replaces lists without a merge key', () => {
    const patched = applyStrategicMerge(
      { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }, spec: pod.spec },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' }, spec: { tolerations: [{ key: 'c' }] } },
    );

    expect(at(patched, 'strategy')).toEqual({ type: 'Recreate' });
    expect(at(patched, 'spec', 'tolerations')).toEqual([{ key: 'c' }]);
  });

  test('unites finalizers and deletes from them by directive', () => {
    const united = applyStrategicMerge(pod, { metadata: { finalizers: ['x/two'] } });
    const left = applyStrategicMerge(united, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x/one'] } });

    expect(at(united, 'metadata', 'finalizers')).toEqual(['x/one', 'x/two']);
    expect(at(left, 'metadata', 'finalizers')).toEqual(['x/two']);
  });

  test('refuses an entry without its merge key', () => {
    expect(() => containers({ containers: [{ image: 'o' }] })).toThrow(/does not contain declared merge key: name/);
  });
});
