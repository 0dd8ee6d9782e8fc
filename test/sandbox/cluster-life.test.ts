import { describe, expect, test } from 'vitest';
import { requestDeletion } from '../../src/sandbox/controllers/deletion.ts';
import { NAMESPACE, type Story, sizes, startStory } from '../support/store-story.ts';

const MINUTE = 60_000;

function deleteDeployment(story: Story, propagation?: 'Background' | 'Foreground' | 'Orphan'): void {
  const now = story.clock.now();
  requestDeletion(story.store, 'deployments.apps', NAMESPACE, 'app', { propagation, now });
}

describe('deletion', () => {
  test('in the background the Deployment goes at once and its ReplicaSets and pods follow', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);

    deleteDeployment(story);
    expect(() => story.deployment()).toThrow('no Deployment');
    story.clock.advance(MINUTE);

    expect(story.replicaSets()).toEqual([]);
    expect(story.pods()).toEqual([]);
  });

  test('in the foreground the Deployment waits for its pods', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);

    deleteDeployment(story, 'Foreground');
    story.clock.advance(0);
    expect(story.deployment().metadata).toMatchObject({ finalizers: ['foregroundDeletion'] });
    story.clock.advance(MINUTE);

    expect(story.pods()).toEqual([]);
    expect(() => story.deployment()).toThrow('no Deployment');
  });

  test('with orphans the ReplicaSet and its pods stay, free of the owner', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);

    deleteDeployment(story, 'Orphan');
    story.clock.advance(MINUTE);

    expect(() => story.deployment()).toThrow('no Deployment');
    expect(sizes(story.replicaSets())).toEqual(['v1 2/2']);
    expect(story.replicaSets()[0]?.metadata.ownerReferences).toBeUndefined();
  });

  test('a running pod terminates for a moment before it is gone', () => {
    const story = startStory();
    story.deploy();
    story.clock.advance(MINUTE);
    const name = story.pods()[0]?.metadata.name ?? '';

    requestDeletion(story.store, 'pods', NAMESPACE, name, { now: story.clock.now() });
    story.clock.advance(100);
    expect(story.store.get('pods', NAMESPACE, name)?.metadata.deletionTimestamp).toBeDefined();
    story.clock.advance(MINUTE);

    expect(story.store.get('pods', NAMESPACE, name)).toBeUndefined();
    expect(story.events('Pod')).toContain('Killing: Stopping container app');
  });

  test('a namespace goes with everything in it, and takes nothing new meanwhile', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);

    requestDeletion(story.store, 'namespaces', undefined, NAMESPACE, { now: story.clock.now() });
    story.clock.advance(100);
    const namespace = story.store.get('namespaces', undefined, NAMESPACE);
    expect(namespace?.status).toMatchObject({ phase: 'Terminating' });
    expect(() => story.deploy({ name: 'late' })).toThrow('because it is being terminated');
    story.clock.advance(MINUTE);

    expect(story.store.get('namespaces', undefined, NAMESPACE)).toBeUndefined();
    for (const resource of ['deployments.apps', 'replicasets.apps', 'pods', 'events']) {
      expect(story.store.count(resource, NAMESPACE)).toBe(0);
    }
  });
});

describe('the controllers', () => {
  test('paused: the API takes writes, every status is stale; resumed: they catch up', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);
    const before = story.status();

    story.controllers.pause();
    story.setImage('nginx:v2');
    story.clock.advance(60 * MINUTE);
    expect(story.status()).toEqual(before);
    expect(story.status().observedGeneration).toBeLessThan(story.deployment().metadata.generation ?? 0);

    story.controllers.resume();
    story.clock.advance(MINUTE);
    expect(sizes(story.replicaSets())).toEqual(['v1 0/0', 'v2 2/2']);
    expect(story.status().observedGeneration).toBe(story.deployment().metadata.generation);
  });

  test('nothing is written and no timer runs once everything is as wished', () => {
    const story = startStory();
    for (const name of ['one', 'two', 'three']) story.deploy({ name, replicas: 3 });
    story.clock.advance(20 * MINUTE);
    const version = story.store.version();

    story.clock.advance(60 * MINUTE);

    expect(story.store.version()).toBe(version);
    expect(story.clock.waits).toEqual([]);
  });

  test('stopped in the middle of everything they leave no timer', () => {
    const story = startStory();
    story.deploy({ image: 'nginx:crash', replicas: 3, spec: { progressDeadlineSeconds: 30 } });
    story.deploy({ name: 'slow', image: 'nginx:slow', spec: { minReadySeconds: 60 } });
    story.clock.advance(10_000);

    story.controllers.stop();
    story.controllers.stop();

    expect(story.clock.waits).toEqual([]);
  });

  test('one change costs the same whatever else is there', () => {
    const reads = (others: number) => {
      const story = startStory();
      for (let index = 0; index < others; index += 1) story.deploy({ name: `other-${index}` });
      story.deploy();
      story.clock.advance(MINUTE);
      const before = story.store.version();
      story.setImage('nginx:v2');
      story.clock.advance(MINUTE);
      return story.store.version() - before;
    };

    expect(reads(50)).toBe(reads(0));
  });
});
