/** Versions whose image cannot be pulled. */
import { type Story, untilTold, write } from './story.ts';

/** The registry's answers that end a rollout at once, as containerd passes them on. */
const FINAL: readonly (readonly [name: string, message: string, reason: string])[] = [
  ['there is no such manifest', 'failed to resolve reference: manifest unknown', 'not found in the registry'],
  [
    'the registry wants a login',
    'unexpected status from HEAD request to https://registry.example/v2/web/manifests/1: 401 Unauthorized',
    'no access to the repository',
  ],
  ['the registry denies access', 'denied: requested access to the resource is denied', 'no access to the repository'],
  [
    'it is built for other machines',
    'no match for platform in manifest: not found',
    'not built for the platform of the node',
  ],
];

/** Answers of a network or of a busy registry, which get their grace. */
const PASSING: readonly (readonly [name: string, message: string])[] = [
  ['the registry is overloaded', 'unexpected status from HEAD request: 503 Service Unavailable'],
  ['the registry refuses connections', 'dial tcp 10.1.2.3:443: connect: connection refused'],
  ['the pull limit is reached', '429 Too Many Requests: toomanyrequests: You have reached your pull rate limit'],
  ['the login server is slow', 'failed to authorize: authentication required: net/http: TLS handshake timeout'],
  ['the registry has no address', 'dial tcp: lookup registry.example on 10.0.0.10:53: no such host'],
];

const failing = (message: string) => ({ behaviour: `image-pull message="${message}"`, untilAvailable: false });

export const imageStories: readonly Story[] = [
  {
    name: 'an image that does not exist fails at once, and the old pods serve on',
    deployment: { replicas: 3 },
    steps: [write('1.26.0-missing')],
    tells: [
      '1.26.0-missing failed after <time>: container app: image nginx:1.26.0-missing cannot be pulled: not found in the registry',
    ],
    bound: { availableAtLeast: 3, restartsAtMost: 0, beforeDeadline: true },
    evidence: [
      /^pod \S+: container app: image nginx:1\.26\.0-missing cannot be pulled/m,
      /^image: nginx:1\.0 → nginx:1\.26\.0-missing$/m,
      /rpc error: code = NotFound/,
      /^try: kubectl describe pod /m,
    ],
  },
  {
    name: 'an image in a repository without access fails at once',
    steps: [write('1.26.0-denied')],
    tells: [
      '1.26.0-denied failed after <time>: container app: image nginx:1.26.0-denied cannot be pulled: no access to the repository, or it does not exist',
    ],
    bound: { availableAtLeast: 1 },
    evidence: [/insufficient_scope: authorization failed/],
  },
  ...FINAL.map(
    ([name, message, reason]): Story => ({
      name: `an image fails at once when ${name}`,
      deployment: failing(message),
      steps: [write('1.26.0')],
      tells: [`1.26.0 failed after <time>: container app: image nginx:1.26.0 cannot be pulled: ${reason}`],
      bound: { restartsAtMost: 0, beforeDeadline: true },
      evidence: [new RegExp(message.replace(/[.?]/g, '\\$&'))],
    }),
  ),
  ...PASSING.map(
    ([name, message]): Story => ({
      name: `an image gets its grace when ${name}`,
      deployment: failing(message),
      steps: [write('1.26.0')],
      tells: [
        `1.26.0 failed after <time>: container app: image nginx:1.26.0 cannot be pulled (ErrImagePull: ${message})`,
      ],
      bound: { restartsAtMost: 0, beforeDeadline: true },
    }),
  ),
  {
    name: 'a pull that fails for a while and then works is a success',
    engine: 'patient',
    deployment: { behaviour: 'image-pull times=1 message="read: i/o timeout"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'a malformed image name fails at once',
    deployment: { behaviour: 'image-name', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: container app: image nginx:1.26.0 is not a valid name'],
    bound: { beforeDeadline: true },
  },
  {
    name: 'a sidecar that cannot be pulled is named, not the container of the version',
    deployment: {
      beside: [{ name: 'proxy', image: 'envoy:1.0' }],
      behaviour: 'image-pull container=proxy',
      untilAvailable: false,
    },
    steps: [write('1.26.0', 'container: app')],
    tells: ['1.26.0 failed after <time>: container proxy: image envoy:1.0 cannot be pulled: not found in the registry'],
  },
  {
    name: 'after an image that does not exist the next version is deployed as ever',
    steps: [write('1.26.0-missing'), untilTold(1), write('1.26.0')],
    tells: [
      '1.26.0-missing failed after <time>: container app: image nginx:1.26.0-missing cannot be pulled: not found in the registry',
      '1.26.0 succeeded after <time>',
    ],
  },
];
