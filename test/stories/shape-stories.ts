/** Deployments of every shape: how many replicas, which strategy, which containers, what is forbidden. */
import { change, type Story, untilImage, untilStatus, write } from './story.ts';

export const shapeStories: readonly Story[] = [
  {
    name: 'one replica',
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 1 },
  },
  {
    name: 'several replicas',
    deployment: { replicas: 4 },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 4 },
  },
  {
    name: 'no replicas: a success that says what it is worth',
    deployment: { replicas: 0 },
    steps: [write('1.26.0-missing')],
    tells: ['1.26.0-missing succeeded after <time> (0 replicas: nothing to verify)'],
  },
  {
    name: 'Recreate is seen through',
    deployment: { replicas: 2, spec: { strategy: { type: 'Recreate' } } },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 2 },
  },
  {
    name: 'Recreate with an image that does not exist fails at once',
    deployment: { spec: { strategy: { type: 'Recreate' } } },
    steps: [write('1.26.0-missing')],
    tells: [
      '1.26.0-missing failed after <time>: container app: image nginx:1.26.0-missing cannot be pulled: not found in the registry',
    ],
  },
  {
    name: 'a rollout of all pods at once fails like any other',
    deployment: {
      replicas: 3,
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: '100%' } } },
    },
    steps: [write('1.26.0-broken')],
    tells: [
      '1.26.0-broken failed after <time>: container app exits 1 (<n> restarts): "Error: DATABASE_URL is not set"',
    ],
    bound: { restartsAtMost: 3 },
    evidence: [/^pod \S+ and 2 more: container app exits 1/m],
  },
  {
    name: 'minReadySeconds: ready is not yet available',
    deployment: { spec: { minReadySeconds: 2 } },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 1 },
  },
  {
    name: 'a version that runs already is a success',
    deployment: { image: 'nginx:1.26.0' },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'replicas added in the middle are waited for',
    deployment: { behaviour: 'ready after=8s', untilAvailable: false },
    steps: [write('1.26.0'), untilImage('nginx:1.26.0'), change({ replicas: 4 })],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 4 },
  },
  {
    name: 'replicas taken away in the middle are not waited for',
    deployment: { replicas: 4, behaviour: 'ready after=8s', untilAvailable: false },
    steps: [write('1.26.0'), untilImage('nginx:1.26.0'), change({ replicas: 1 })],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 1 },
  },
  {
    name: 'scaled to nothing in the middle the rollout ends, and says what that is worth',
    steps: [
      write('1.26.0-never'),
      untilImage('nginx:1.26.0-never'),
      untilStatus('replicas', 2),
      change({ replicas: 0 }),
    ],
    tells: ['1.26.0-never succeeded after <time> (0 replicas: nothing to verify)'],
  },
  {
    name: 'of several containers the one named in the file is set',
    deployment: { beside: [{ name: 'proxy', image: 'envoy:1.0' }] },
    steps: [write('1.26.0', 'container: app')],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'of several containers none is guessed',
    deployment: { beside: [{ name: 'proxy', image: 'envoy:1.0' }] },
    steps: [write('1.26.0')],
    tells: ['1.26.0 refused: several containers could be meant: app, proxy; add a line "container: <name>"'],
  },
  {
    name: 'a container that is not there is refused with those that are',
    steps: [write('1.26.0', 'container: web')],
    tells: ['1.26.0 refused: no container is named "web"; there are: app'],
  },
  {
    name: 'a quota that leaves no room for the new pod fails with the words of the API server',
    quota: { pods: '1' },
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 failed after <time>: pods cannot be created: pods "<pod>" is forbidden: exceeded quota: limits, requested: pods=1, used: pods=1, limited: pods=1',
    ],
    bound: { availableAtLeast: 1, beforeDeadline: true },
    evidence: [/^try: kubectl describe deployment /m],
  },
];
