import { describe, expect, test } from 'vitest';
import { requestDeletion } from '../../src/sandbox/controllers/deletion.ts';
import { at, fields, items, type KubeObject } from '../../src/sandbox/objects.ts';
import { NAMESPACE, type Story, sizes, startStory } from '../support/store-story.ts';

const MINUTE = 60_000;

function limitPods(story: Story, pods: string): KubeObject {
  return story.store.create('resourcequotas', {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'small', namespace: NAMESPACE },
    spec: { hard: { pods } },
  });
}

function failureOf(object: KubeObject | undefined): Readonly<Record<string, unknown>> {
  return fields(items(at(object, 'status', 'conditions')).find((one) => at(one, 'type') === 'ReplicaFailure'));
}

describe('a quota', () => {
  test('that is used up shows as FailedCreate on the ReplicaSet and as ReplicaFailure on the Deployment', () => {
    const story = startStory();
    limitPods(story, '2');

    story.deploy({ replicas: 3 });
    story.clock.advance(5_000);

    const [set] = story.replicaSets();
    const refusal =
      /pods "app-[a-z0-9]+-.{5}" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2/;
    expect(failureOf(set)).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    expect(failureOf(set).message).toMatch(refusal);
    expect(story.condition('ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    expect(story.events('ReplicaSet').join('\n')).toMatch(/FailedCreate: Error creating: pods "app-/);
    expect(story.status()).toMatchObject({ replicas: 2, availableReplicas: 2, unavailableReplicas: 1 });
  });

  test('that is used up for long does not fill the cluster with Events', () => {
    const story = startStory();
    limitPods(story, '0');

    story.deploy();
    story.clock.advance(30 * MINUTE);

    const refusals = story.events('ReplicaSet').filter((told) => told.startsWith('FailedCreate'));
    expect(refusals.length).toBeLessThanOrEqual(33);
    expect(refusals[10]).toMatch(/^FailedCreate: \(combined from similar events\): Error creating: .* \(x\d+\)$/);
  });

  test('that is raised lets the missing pods come, and the failure goes', () => {
    const story = startStory();
    const quota = limitPods(story, '1');
    story.deploy({ replicas: 3 });
    story.clock.advance(5_000);

    story.store.update('resourcequotas', { ...quota, spec: { hard: { pods: '10' } } });
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 3/3']);
    expect(failureOf(story.replicaSets()[0])).toEqual({});
    expect(story.condition('ReplicaFailure')).toEqual({});
  });
});

describe('ownership', () => {
  test('a deleted pod is replaced', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);
    const [victim] = story.pods();

    requestDeletion(story.store, 'pods', NAMESPACE, victim?.metadata.name ?? '', { now: story.clock.now() });
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 2/2']);
    expect(story.pods().map((pod) => pod.metadata.uid)).not.toContain(victim?.metadata.uid);
  });

  test('a pod whose labels leave the selector is set free and replaced; with its labels back it is taken in again', () => {
    const story = startStory();
    story.deploy({ replicas: 1 });
    story.clock.advance(MINUTE);
    const [pod] = story.pods();
    const labels = { ...pod?.metadata.labels };
    const relabel = (wanted: Readonly<Record<string, string>>) => {
      const current = story.store.get('pods', NAMESPACE, pod?.metadata.name ?? '');
      if (current) story.store.update('pods', { ...current, metadata: { ...current.metadata, labels: wanted } });
    };

    relabel({ ...labels, app: 'debug' });
    story.clock.advance(MINUTE);
    expect(story.store.get('pods', NAMESPACE, pod?.metadata.name ?? '')?.metadata.ownerReferences).toBeUndefined();
    expect(story.pods()).toHaveLength(2);

    relabel(labels);
    story.change({ replicas: 2 });
    story.clock.advance(MINUTE);
    expect(story.pods()).toHaveLength(2);
    expect(story.pods().map((one) => one.metadata.uid)).toContain(pod?.metadata.uid);
  });

  test('an orphaned ReplicaSet is adopted by a new Deployment with the same template', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);
    const pods = story.pods().map((pod) => pod.metadata.uid);

    const now = story.clock.now();
    requestDeletion(story.store, 'deployments.apps', NAMESPACE, 'app', { propagation: 'Orphan', now });
    story.clock.advance(MINUTE);
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);

    expect(story.replicaSets()).toHaveLength(1);
    expect(story.pods().map((pod) => pod.metadata.uid)).toEqual(pods);
    expect(story.condition('Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' });
  });

  test('scaling down takes the pods that are not ready first', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);
    const ready = story.pods().map((pod) => pod.metadata.uid);
    story.change({ replicas: 4 });
    story.clock.advance(500);

    story.change({ replicas: 2 });
    story.clock.advance(MINUTE);

    expect(story.pods().map((pod) => pod.metadata.uid)).toEqual(ready);
  });

  test('an evicted pod stays to be seen, and another takes its place', () => {
    const story = startStory();
    story.deploy({ image: 'nginx:evicted' });

    story.clock.advance(15_000);

    const phases = story.pods().map((pod) => `${at(pod, 'status', 'phase')} ${at(pod, 'status', 'reason') ?? ''}`);
    expect(phases.sort()).toEqual(['Failed Evicted', 'Running ']);
  });

  test('of pods evicted again and again only the last ten stay', () => {
    const story = startStory();
    story.deploy({ image: 'nginx:evicted' });

    story.clock.advance(60 * MINUTE);

    expect(story.pods()).toHaveLength(11);
  });
});
