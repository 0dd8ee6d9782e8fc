import { describe, expect, test } from 'vitest';
import { at } from '../../src/sandbox/objects.ts';
import { sizes, startStory } from '../support/store-story.ts';

const MINUTE = 60_000;

describe('surge and unavailable', () => {
  test.each([
    { replicas: 4, maxSurge: '25%', maxUnavailable: '25%', most: 5, least: 3 },
    { replicas: 3, maxSurge: '25%', maxUnavailable: '25%', most: 4, least: 3 },
    { replicas: 1, maxSurge: '25%', maxUnavailable: '25%', most: 2, least: 1 },
    { replicas: 5, maxSurge: 0, maxUnavailable: 1, most: 5, least: 4 },
    { replicas: 2, maxSurge: 0, maxUnavailable: '25%', most: 2, least: 1 },
    { replicas: 3, maxSurge: '100%', maxUnavailable: 0, most: 6, least: 3 },
  ])('$replicas pods, surge $maxSurge, unavailable $maxUnavailable: between $least and $most', (row) => {
    const { replicas, maxSurge, maxUnavailable, most, least } = row;
    const story = startStory();
    story.deploy({ replicas, spec: { strategy: { rollingUpdate: { maxSurge, maxUnavailable } } } });
    story.clock.advance(MINUTE);
    const start = story.changes.length;

    story.setImage('nginx:v2');
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 0/0', `v2 ${replicas}/${replicas}`]);
    const seen = story.changes.slice(start).filter(({ resource }) => resource === 'deployments.apps');
    const counts = (field: string) => seen.map(({ object }) => Number(at(object, 'status', field) ?? 0));
    expect(Math.max(...counts('replicas'))).toBe(most);
    expect(Math.min(...counts('availableReplicas'))).toBeGreaterThanOrEqual(least);
  });
});

describe('Recreate', () => {
  test('no new pod starts before the last old one is gone', () => {
    const story = startStory();
    story.deploy({ replicas: 3, spec: { strategy: { type: 'Recreate' } } });
    story.clock.advance(MINUTE);
    const start = story.changes.length;

    story.setImage('nginx:v2');
    story.clock.advance(MINUTE);

    const pods = story.changes.slice(start).filter(({ resource }) => resource === 'pods');
    const firstNew = pods.findIndex(({ type }) => type === 'ADDED');
    const lastOld = pods.findLastIndex(({ type }) => type === 'DELETED');
    expect(firstNew).toBeGreaterThan(lastOld);
    expect(sizes(story.replicaSets())).toEqual(['v1 0/0', 'v2 3/3']);
    expect(story.condition('Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' });
  });
});

describe('paused', () => {
  test('a new template waits until the Deployment is resumed', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);
    story.change({ paused: true });
    story.clock.advance(0);

    story.setImage('nginx:v2');
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 2/2']);
    expect(story.condition('Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
    expect(story.status()).toMatchObject({ observedGeneration: story.deployment().metadata.generation });
    expect(story.status()).not.toHaveProperty('updatedReplicas');

    story.change({ paused: false });
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 0/0', 'v2 2/2']);
    expect(story.condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  test('scaling works while paused', () => {
    const story = startStory();
    story.deploy({ replicas: 2 });
    story.clock.advance(MINUTE);

    story.change({ paused: true, replicas: 5 });
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 5/5']);
  });
});

describe('scaling', () => {
  test('in the middle of a rollout grows old and new in proportion', () => {
    const story = startStory();
    const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    story.deploy({ replicas: 10, spec: { strategy } });
    story.clock.advance(MINUTE);
    story.setImage('nginx:never');
    story.clock.advance(MINUTE);
    expect(sizes(story.replicaSets())).toEqual(['v1 8/8', 'never 0/5']);

    story.change({ replicas: 15 });
    story.clock.advance(MINUTE);

    // The example of the Kubernetes documentation: five more pods, three for the old and two for the new.
    expect(sizes(story.replicaSets())).toEqual(['v1 11/11', 'never 0/7']);
  });

  test('down in the middle of a failing rollout never goes below the minimum available', () => {
    const story = startStory();
    const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    story.deploy({ replicas: 15, spec: { strategy } });
    story.clock.advance(MINUTE);
    story.setImage('nginx:never');
    story.clock.advance(MINUTE);

    story.change({ replicas: 5 });
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 3/3', 'never 0/5']);
  });

  test('to 0 removes every pod and is complete', () => {
    const story = startStory();
    story.deploy({ replicas: 3 });
    story.clock.advance(MINUTE);

    story.change({ replicas: 0 });
    story.clock.advance(MINUTE);

    expect(story.pods()).toEqual([]);
    expect(story.status()).not.toHaveProperty('replicas');
    expect(story.condition('Available')).toMatchObject({ status: 'True' });
  });

  test('a Deployment of 0 replicas rolls to a new template without a pod', () => {
    const story = startStory();
    story.deploy({ replicas: 0 });
    story.clock.advance(MINUTE);

    story.setImage('nginx:v2');
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 0/0', 'v2 0/0']);
    expect(story.condition('Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' });
  });
});

describe('the progress deadline', () => {
  test('turns Progressing to False once nothing has moved for so long, and a new rollout turns it back', () => {
    const story = startStory();
    story.deploy({ replicas: 2, spec: { progressDeadlineSeconds: 60 } });
    story.clock.advance(MINUTE);
    story.setImage('nginx:missing');

    story.clock.advance(59_000);
    expect(story.condition('Progressing')).toMatchObject({ status: 'True' });
    story.clock.advance(5_000);

    expect(story.condition('Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${story.replicaSets()[1]?.metadata.name}" has timed out progressing.`,
    });
    story.clock.advance(10 * MINUTE);
    expect(story.condition('Progressing')).toMatchObject({ reason: 'ProgressDeadlineExceeded' });

    story.setImage('nginx:v3');
    story.clock.advance(MINUTE);
    expect(story.condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  test('the largest int32 means that progress is never judged', () => {
    const story = startStory();
    story.deploy({ image: 'nginx:missing', spec: { progressDeadlineSeconds: 2_147_483_647 } });

    story.clock.advance(60 * MINUTE);

    expect(story.condition('Progressing')).toEqual({});
  });
});

describe('minReadySeconds', () => {
  test('a ready pod becomes available only after so long', () => {
    const story = startStory();
    story.deploy({ replicas: 2, spec: { minReadySeconds: 30 } });

    story.clock.advance(20_000);
    expect(story.status()).toMatchObject({ readyReplicas: 2, unavailableReplicas: 2 });
    expect(story.status()).not.toHaveProperty('availableReplicas');
    story.clock.advance(20_000);

    expect(story.status()).toMatchObject({ readyReplicas: 2, availableReplicas: 2 });
    expect(story.condition('Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' });
  });
});

describe('history', () => {
  test('old ReplicaSets beyond revisionHistoryLimit are removed, the oldest first', () => {
    const story = startStory();
    story.deploy({ spec: { revisionHistoryLimit: 2 } });
    story.clock.advance(MINUTE);

    for (const version of ['v2', 'v3', 'v4', 'v5']) {
      story.setImage(`nginx:${version}`);
      story.clock.advance(MINUTE);
    }

    expect(sizes(story.replicaSets())).toEqual(['v3 0/0', 'v4 0/0', 'v5 1/1']);
  });

  test('every scaling is told as an Event of the Deployment', () => {
    const story = startStory();
    story.deploy();
    story.clock.advance(MINUTE);
    story.setImage('nginx:v2');
    story.clock.advance(MINUTE);

    const [first, second] = story.replicaSets().map((set) => set.metadata.name);
    expect(story.events('Deployment')).toEqual([
      `ScalingReplicaSet: Scaled up replica set ${first} from 0 to 1`,
      `ScalingReplicaSet: Scaled up replica set ${second} from 0 to 1`,
      `ScalingReplicaSet: Scaled down replica set ${first} from 1 to 0`,
    ]);
  });

  test('a rollout overtaken by another scales the one in between away', () => {
    const story = startStory();
    story.deploy({ replicas: 4 });
    story.clock.advance(MINUTE);

    story.setImage('nginx:missing');
    story.clock.advance(5_000);
    story.setImage('nginx:v3');
    story.clock.advance(MINUTE);

    expect(sizes(story.replicaSets())).toEqual(['v1 0/0', 'missing 0/0', 'v3 4/4']);
  });
});
