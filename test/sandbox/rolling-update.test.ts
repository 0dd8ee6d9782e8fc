import { describe, expect, test } from 'vitest';
import { at } from '../../src/sandbox/objects.ts';
import { revisionOf, sizes, startStory } from '../support/store-story.ts';

describe('a rolling update', () => {
  test('a new Deployment gets a ReplicaSet, pods and a finished status', () => {
    const story = startStory();
    story.deploy({ replicas: 3 });

    story.clock.advance(3_000);

    expect(story.status()).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: story.deployment().metadata.generation,
    });
    expect(story.status()).not.toHaveProperty('unavailableReplicas');
    expect(story.condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    expect(story.condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    const [set] = story.replicaSets();
    expect(set?.metadata.name).toMatch(/^app-[bcdfghjklmnpqrstvwxz2456789]{5,10}$/);
    expect(set?.metadata.labels?.['pod-template-hash']).toBe(set?.metadata.name.slice('app-'.length));
    for (const pod of story.pods()) expect(pod.metadata.name).toMatch(new RegExp(`^${set?.metadata.name}-.{5}$`));
  });

  test('observedGeneration lags behind the write and every counter is stale until the controller has acted', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(3_000);
    const before = story.deployment().metadata.generation ?? 0;

    const patched = story.setImage('nginx:v2');

    expect(patched.metadata.generation).toBe(before + 1);
    expect(patched.status).toMatchObject({ observedGeneration: before, updatedReplicas: 2, availableReplicas: 2 });
    story.clock.advance(0);
    expect(story.status().observedGeneration).toBe(story.deployment().metadata.generation);
    expect(story.status().updatedReplicas ?? 0).toBeLessThan(2);
  });

  test('pods never exceed the surge and the available ones never fall below the minimum', () => {
    const story = startStory();
    story.deploy({ replicas: 10, spec: { strategy: { rollingUpdate: { maxSurge: '30%', maxUnavailable: 2 } } } });
    story.clock.advance(3_000);
    const first = story.changes.length;

    story.setImage('nginx:v2');
    story.clock.advance(60_000);

    expect(sizes(story.replicaSets())).toEqual(['v1 0/0', 'v2 10/10']);
    const later = story.changes.slice(first).filter((change) => change.resource === 'deployments.apps');
    const seen = later.map((change) => ({
      replicas: Number(at(change.object, 'status', 'replicas') ?? 0),
      available: Number(at(change.object, 'status', 'availableReplicas') ?? 0),
    }));
    expect(Math.max(...seen.map(({ replicas }) => replicas))).toBe(13);
    expect(Math.min(...seen.map(({ available }) => available))).toBeGreaterThanOrEqual(8);
  });

  test('an image that cannot be pulled leaves the old pods in place', () => {
    const story = startStory();
    story.deploy({ replicas: 4 });
    story.clock.advance(3_000);

    story.setImage('nginx:missing');
    story.clock.advance(60_000);

    expect(sizes(story.replicaSets())).toEqual(['v1 3/3', 'missing 0/2']);
    expect(story.status()).toMatchObject({
      replicas: 5,
      updatedReplicas: 2,
      availableReplicas: 3,
      unavailableReplicas: 2,
    });
  });

  test('a rollback by template uses the old ReplicaSet again, under a new highest revision', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(3_000);
    story.setImage('nginx:v2');
    story.clock.advance(10_000);

    story.setImage('nginx:v1');
    story.clock.advance(10_000);

    const sets = story.replicaSets();
    expect(sizes(sets)).toEqual(['v2 0/0', 'v1 2/2']);
    expect(sets.map(revisionOf)).toEqual([2, 3]);
    expect(sets[1]?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision-history': '1' });
    expect(revisionOf(story.deployment())).toBe(3);
  });

  test('annotations reach the ReplicaSet, but not the ones that belong to kubectl and the controller', () => {
    const story = startStory();
    story.deploy({
      annotations: {
        'kubernetes.io/change-cause': 'first',
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
        team: 'shop',
      },
    });

    story.clock.advance(3_000);

    const [set] = story.replicaSets();
    expect(set?.metadata.annotations).toEqual({
      'kubernetes.io/change-cause': 'first',
      team: 'shop',
      'deployment.kubernetes.io/revision': '1',
      'deployment.kubernetes.io/desired-replicas': '1',
      'deployment.kubernetes.io/max-replicas': '2',
    });
  });
});
