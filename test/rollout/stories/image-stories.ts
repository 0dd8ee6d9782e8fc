/** Images that cannot be pulled, for good or for a while. Messages as kubelets on containerd write them. */
import { complete, NEW_IMAGE, pod, running, waiting } from '../../support/rollout-objects.ts';
import type { Story } from '../../support/rollout-story.ts';

const prefix = `failed to pull and unpack image "${NEW_IMAGE}": failed to resolve reference "${NEW_IMAGE}": `;
const notFound = `rpc error: code = NotFound desc = ${prefix}${NEW_IMAGE}: not found`;
const backOff = `Back-off pulling image "${NEW_IMAGE}"`;
const creating = { at: 1, pods: [pod(waiting('ContainerCreating'))] };

const pullError = (message: string, reason = 'ErrImagePull') => [pod(waiting(reason, message))];
const cause = (reason: string, message: string) =>
  `container web: image ${NEW_IMAGE} cannot be pulled (${reason}: ${message})`;

const no = (reason: string) => `container web: image ${NEW_IMAGE} cannot be pulled: ${reason}`;

/** The registry's own no: told at the first look, in few words. */
const finals: readonly (readonly [what: string, message: string, reason: string])[] = [
  ['does not exist', notFound, 'not found in the registry'],
  ['has no such manifest', `rpc error: code = Unknown desc = ${prefix}manifest unknown`, 'not found in the registry'],
  [
    'may not be read',
    `${prefix}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    'no access to the repository, or it does not exist',
  ],
  [
    'needs a login',
    `${prefix}unexpected status from HEAD request to https://registry.example/v2/web/manifests/1.25.0: 401 Unauthorized`,
    'no access to the repository',
  ],
  [
    'is forbidden by the registry',
    `${prefix}denied: requested access to the resource is denied`,
    'no access to the repository',
  ],
  [
    'is built for other machines',
    `failed to pull and unpack image "${NEW_IMAGE}": no match for platform in manifest: not found`,
    'not built for the platform of the node',
  ],
  ['has a tag that cannot be one', `failed to pull image "${NEW_IMAGE}": invalid reference format`, 'not a valid name'],
];

/** A network or a busy registry: the grace decides. */
const passing: readonly (readonly [string, string])[] = [
  [
    'the registry cannot be resolved',
    `${prefix}failed to do request: Head "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.10:53: no such host`,
  ],
  [
    'the registry refuses connections',
    `${prefix}failed to do request: dial tcp 10.1.2.3:443: connect: connection refused`,
  ],
  [
    'the pull limit is reached',
    `${prefix}unexpected status: 429 Too Many Requests: toomanyrequests: access denied for now, rate limit`,
  ],
  ['the registry is overloaded', `${prefix}unexpected status from HEAD request: 503 Service Unavailable`],
  [
    'the login server is slow',
    `${prefix}failed to authorize: authentication required: net/http: TLS handshake timeout`,
  ],
  ['the node may not write its own disk', 'failed to extract layer: open /var/lib/containerd/x: permission denied'],
];

export const imageStories: readonly Story[] = [
  ...finals.map(
    ([what, message, reason]): Story => ({
      name: `an image that ${what} fails at once`,
      frames: [creating, { at: 4, pods: pullError(message) }],
      ends: { outcome: 'failed', at: 4, cause: no(reason) },
    }),
  ),
  {
    name: 'an image not found is told at once though the back-off was seen first',
    frames: [creating, { at: 4, pods: pullError(backOff, 'ImagePullBackOff') }, { at: 9, pods: pullError(notFound) }],
    ends: { outcome: 'failed', at: 9, cause: no('not found in the registry') },
  },
  {
    name: 'a back-off that names the registry’s no fails at once',
    frames: [creating, { at: 6, pods: pullError(`${backOff}: ErrImagePull: ${notFound}`, 'ImagePullBackOff') }],
    ends: { outcome: 'failed', at: 6, cause: no('not found in the registry') },
  },
  {
    name: 'a bare back-off fails when it has lasted for the grace, counted from its first sight',
    frames: [creating, { at: 4, pods: pullError('') }, { at: 10, pods: pullError(backOff, 'ImagePullBackOff') }],
    ends: { outcome: 'failed', at: 24, cause: cause('ImagePullBackOff', backOff) },
  },
  ...passing.map(
    ([what, message]): Story => ({
      name: `a pull that fails because ${what} gets its grace`,
      frames: [creating, { at: 4, pods: pullError(message) }],
      ends: { outcome: 'failed', at: 24, cause: cause('ErrImagePull', message) },
    }),
  ),
  {
    name: 'a pull that fails and then works is a success',
    frames: [
      creating,
      { at: 4, pods: pullError(`${prefix}i/o timeout`) },
      { at: 15, pods: [pod(running())], deployment: complete() },
    ],
    ends: { outcome: 'succeeded', at: 15, cause: '' },
  },
  {
    name: 'a malformed image name fails at once',
    frames: [
      creating,
      { at: 2, pods: [pod(waiting('InvalidImageName', 'Failed to apply default image tag', { image: 'Web:1' }))] },
    ],
    ends: { outcome: 'failed', at: 2, cause: 'container web: image Web:1 is not a valid name' },
  },
  {
    name: 'an image that may not be pulled and is not on the node fails at once',
    frames: [
      creating,
      { at: 2, pods: [pod(waiting('ErrImageNeverPull', 'Container image is not present with pull policy of Never'))] },
    ],
    ends: {
      outcome: 'failed',
      at: 2,
      cause: `container web: image ${NEW_IMAGE} is not on the node and its pull policy is Never`,
    },
  },
  {
    name: 'an image the node cannot inspect gets its grace',
    frames: [creating, { at: 2, pods: pullError('Failed to inspect image', 'ImageInspectError') }],
    ends: { outcome: 'failed', at: 22, cause: cause('ImageInspectError', 'Failed to inspect image') },
  },
];
