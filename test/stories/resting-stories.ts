/** While the controllers of the cluster stand still every status is stale: nothing may be concluded from it. */
import { type Story, untilImage, write } from './story.ts';

export const restingStories: readonly Story[] = [
  {
    name: 'a good version is not a success before a controller has looked at it',
    whileControllersRest: [write('1.26.0'), untilImage('nginx:1.26.0')],
    steps: [],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'a version that runs already is not a success before a controller has looked at it',
    deployment: { image: 'nginx:1.26.0' },
    whileControllersRest: [write('1.26.0'), { kind: 'until-patched' }],
    steps: [],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'an image that does not exist is told when the controllers go on',
    whileControllersRest: [write('1.26.0-missing'), untilImage('nginx:1.26.0-missing')],
    steps: [],
    tells: [
      '1.26.0-missing failed after <time>: container app: image nginx:1.26.0-missing cannot be pulled: not found in the registry',
    ],
    bound: { availableAtLeast: 1 },
  },
  {
    name: 'Recreate: the old pods still count as ready and are not a success',
    deployment: { replicas: 2, spec: { strategy: { type: 'Recreate' } } },
    whileControllersRest: [write('1.26.0'), untilImage('nginx:1.26.0')],
    steps: [],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 2 },
  },
  {
    name: 'a Deployment that no controller has ever seen is not a success',
    deployment: 'none',
    whileControllersRest: [
      { kind: 'create', shape: { untilAvailable: false } },
      write('1.26.0'),
      untilImage('nginx:1.26.0'),
    ],
    steps: [],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { availableAtLeast: 1 },
  },
];
