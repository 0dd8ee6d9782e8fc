/** Rollouts that meet a newer file, another client, a pause, or a Deployment that comes and goes. */
import { change, DEADLINE, type Story, setImage, untilImage, untilTold, write } from './story.ts';

const PAUSED =
  '1.26.0 blocked: Deployment <service> is paused; deployed after "kubectl rollout resume deployment/<service> -n <namespace>"';
const REFUSED =
  'refused: line 1: "1 26" is not a version; write one tag or image reference, without spaces, on the first line';
const MISSING =
  '1.26.0 blocked: no Deployment <service> in namespace <namespace>; apply its manifest, it is then deployed automatically';

export const changeStories: readonly Story[] = [
  {
    name: 'a newer version takes over a rollout that runs',
    steps: [write('1.25.0-never'), untilImage('nginx:1.25.0-never'), write('1.26.0')],
    tells: ['1.25.0-never superseded by 1.26.0 after <time>', '1.26.0 succeeded after <time>'],
  },
  {
    name: 'a fix takes over a crash loop that has not had its grace yet',
    engine: 'patient',
    steps: [
      write('1.26.0-broken'),
      untilImage('nginx:1.26.0-broken'),
      { kind: 'until-restarts', atLeast: 1 },
      write('1.26.1'),
    ],
    tells: ['1.26.0-broken superseded by 1.26.1 after <time>', '1.26.1 succeeded after <time>'],
  },
  {
    name: 'back and forth before anything is ready ends on the last word',
    deployment: { behaviour: 'ready after=5s', untilAvailable: false },
    steps: [write('1.26.0'), untilImage('nginx:1.26.0'), write('1.27.0'), untilImage('nginx:1.27.0'), write('1.26.0')],
    tells: [
      '1.26.0 superseded by 1.27.0 after <time>',
      '1.27.0 superseded by 1.26.0 after <time>',
      '1.26.0 succeeded after <time>',
    ],
  },
  {
    name: 'good, broken, good ends on good',
    steps: [write('1.25.0'), untilTold(1), write('1.26.0-missing'), untilTold(2), write('1.25.0')],
    tells: [
      '1.25.0 succeeded after <time>',
      '1.26.0-missing failed after <time>: container app: image nginx:1.26.0-missing cannot be pulled: not found in the registry',
      '1.25.0 succeeded after <time>',
    ],
  },
  {
    name: 'a deadline that the rollout before has missed does not fail the next one',
    deployment: { spec: DEADLINE },
    steps: [write('1.25.0-unready'), untilTold(1), write('1.26.0')],
    tells: [
      '1.25.0-unready timed out after <time>: no progress for 4 s: 1 old replica pending termination; container app runs but is not ready: "Readiness probe failed: HTTP probe failed with statuscode: 503"',
      '1.26.0 succeeded after <time>',
    ],
  },
  {
    name: 'another comment is not another version',
    steps: [write('1.26.0'), untilTold(1), write('1.26.0', '# asked for by the shop'), write('1.27.0')],
    tells: ['1.26.0 succeeded after <time>', '1.27.0 succeeded after <time>'],
  },
  {
    name: 'a file that is not an order is refused with its line, and the running version stays',
    steps: [write('1.26.0'), untilTold(1), write('1 26')],
    tells: ['1.26.0 succeeded after <time>', REFUSED],
  },
  {
    name: 'a malformed file does not end the rollout that runs',
    deployment: { behaviour: 'ready after=8s', untilAvailable: false },
    steps: [write('1.26.0'), untilImage('nginx:1.26.0'), write('1 26')],
    tells: [REFUSED, '1.26.0 succeeded after <time>'],
  },
  {
    name: 'an image set by somebody else during the rollout ends it, and who did it is told',
    steps: [write('1.25.0-never'), untilImage('nginx:1.25.0-never'), setImage('nginx:9.9')],
    tells: ['1.25.0-never overridden after <time>: kubectl-set set the image to nginx:9.9; left as it is'],
  },
  {
    name: 'an image set by somebody else after the success is told and left',
    steps: [write('1.26.0'), untilTold(1), setImage('nginx:9.9')],
    tells: [
      '1.26.0 succeeded after <time>',
      '1.26.0 changed outside: kubectl-set set the image to nginx:9.9; it is left as it is; save the dep file with new content to deploy over it',
    ],
  },
  {
    name: 'an image set by somebody else after the success is corrected where that is wanted',
    engine: 'correcting',
    steps: [write('1.26.0'), untilTold(1), setImage('nginx:9.9')],
    tells: [
      '1.26.0 succeeded after <time>',
      '1.26.0 changed outside: kubectl-set set the image to nginx:9.9; it is corrected',
      '1.26.0 runs again after <time>: the change made outside was corrected',
    ],
  },
  {
    name: 'an image set by somebody else during the rollout is corrected where that is wanted',
    engine: 'correcting',
    deployment: { behaviour: 'ready after=4s', untilAvailable: false },
    steps: [write('1.26.0'), untilImage('nginx:1.26.0'), setImage('nginx:9.9')],
    tells: [
      '1.26.0 overridden after <time>: kubectl-set set the image to nginx:9.9',
      '1.26.0 changed outside: kubectl-set set the image to nginx:9.9; it is corrected',
      '1.26.0 runs again after <time>: the change made outside was corrected',
    ],
  },
  {
    name: 'of two writers that fight the engine gives in, and says so',
    engine: 'correcting',
    steps: [
      write('1.26.0'),
      untilTold(1),
      setImage('nginx:9.1'),
      untilTold(3),
      setImage('nginx:9.2'),
      untilTold(5),
      setImage('nginx:9.3'),
      untilTold(7),
      setImage('nginx:9.4'),
    ],
    tells: [
      '1.26.0 succeeded after <time>',
      ...['nginx:9.1', 'nginx:9.2', 'nginx:9.3'].flatMap((image) => [
        `1.26.0 changed outside: kubectl-set set the image to ${image}; it is corrected`,
        '1.26.0 runs again after <time>: the change made outside was corrected',
      ]),
      '1.26.0 changed outside: kubectl-set set the image to nginx:9.4; two writers are fighting, so it is left as it is; find the other one',
    ],
  },
  {
    name: 'a restart by somebody else in the middle is judged by its own pods',
    deployment: { behaviour: 'ready after=8s', untilAvailable: false },
    steps: [
      write('1.26.0'),
      untilImage('nginx:1.26.0'),
      change({ template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } }),
    ],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'a Deployment that is paused waits, and is deployed when it is resumed',
    deployment: { spec: { paused: true }, untilAvailable: false, replicas: 0 },
    steps: [write('1.26.0'), untilTold(1), change({ paused: false, replicas: 1 })],
    tells: [PAUSED, '1.26.0 succeeded after <time>'],
  },
  {
    name: 'of the versions written during a pause the last one is deployed',
    deployment: { spec: { paused: true }, untilAvailable: false, replicas: 0 },
    steps: [write('1.26.0'), untilTold(1), write('1.27.0'), untilTold(2), change({ paused: false, replicas: 1 })],
    tells: [PAUSED, PAUSED.replace('1.26.0', '1.27.0'), '1.27.0 succeeded after <time>'],
  },
  {
    name: 'a rollout that is paused in the middle is not a failure, and goes on when it is resumed',
    deployment: { spec: { progressDeadlineSeconds: 10 } },
    steps: [
      write('1.25.0-never'),
      untilImage('nginx:1.25.0-never'),
      change({ paused: true }),
      untilTold(1),
      { kind: 'change', body: { spec: { template: { metadata: { annotations: { 'sandbox/behaviour': 'ready' } } } } } },
      change({ paused: false }),
    ],
    tells: [
      '1.25.0-never waits: Deployment <service> is paused; it goes on after "kubectl rollout resume deployment/<service> -n <namespace>"',
      '1.25.0-never succeeded after <time>',
    ],
  },
  {
    name: 'a Deployment that is missing is told once, and deployed automatically when it appears',
    deployment: 'none',
    steps: [write('1.26.0'), untilTold(1), { kind: 'create', shape: {} }],
    tells: [MISSING, '1.26.0 succeeded after <time>'],
  },
  {
    name: 'a Deployment that is deleted during the rollout parks the version until it is back',
    steps: [
      write('1.26.0-never'),
      untilImage('nginx:1.26.0-never'),
      { kind: 'delete' },
      untilTold(1),
      { kind: 'create', shape: { behaviour: 'ready' } },
    ],
    tells: [
      '1.26.0-never blocked after <time>: the Deployment was deleted during the rollout; deployed automatically when it is back',
      '1.26.0-never succeeded after <time>',
    ],
  },
];
