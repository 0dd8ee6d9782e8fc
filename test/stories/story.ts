/**
 * A rollout told as data: what stands in the cluster, what is done to it, and everything the engine says about it. The
 * same stories are played on the sandbox and on a real control plane, and must be told with the same words.
 */

/** The Deployment of a story. Its container is `app`, and runs `nginx:1.0` before the story begins. */
export interface Shape {
  readonly replicas?: number;
  readonly image?: string;
  /** How its pods behave whatever their image, the old ones included; see `pod-rules.ts`. */
  readonly behaviour?: string;
  /** Further fields of the container `app`. */
  readonly app?: Readonly<Record<string, unknown>>;
  /** Containers beside it. */
  readonly beside?: readonly Readonly<Record<string, unknown>>[];
  /** Further fields of the pod, e.g. its init containers. */
  readonly pod?: Readonly<Record<string, unknown>>;
  /** Further fields of the Deployment's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** `false`: the story begins before its pods are available. */
  readonly untilAvailable?: boolean;
}

/** What is done, one after the other. Nothing is done by time: a step that must wait waits for a fact. */
export type Step =
  /** The whole dep file. */
  | { readonly kind: 'write'; readonly content: string }
  | { readonly kind: 'create'; readonly shape: Shape }
  | { readonly kind: 'delete' }
  /** A merge patch by another client. */
  | { readonly kind: 'change'; readonly body: unknown }
  /** `kubectl set image`. */
  | { readonly kind: 'set-image'; readonly image: string }
  /** The image of `app`, as the Deployment asks for it. */
  | { readonly kind: 'until-image'; readonly image: string }
  /** The engine's patch was accepted, whatever it changed. */
  | { readonly kind: 'until-patched' }
  /** So many things have been told of this target. */
  | { readonly kind: 'until-told'; readonly count: number }
  | { readonly kind: 'until-restarts'; readonly atLeast: number }
  | { readonly kind: 'until-status'; readonly field: string; readonly is: number };

/** What must still hold in the cluster at the moment the last thing is told: the verdict came no later than that. */
export interface Bound {
  /** No container of the newest pods has restarted more often. */
  readonly restartsAtMost?: number;
  /** So many pods still serve. */
  readonly availableAtLeast?: number;
  /** The Deployment's own progress deadline has not passed. */
  readonly beforeDeadline?: boolean;
}

export interface Story {
  readonly name: string;
  /** Which of the engines plays it; `plain` unless told. */
  readonly engine?: EngineName;
  /** `none`: it is created by a step, or never. */
  readonly deployment?: Shape | 'none';
  /** Limits of a ResourceQuota in a namespace of the story's own. */
  readonly quota?: Readonly<Record<string, string>>;
  /** Done while the controllers of the cluster stand still; nothing may be told then. */
  readonly whileControllersRest?: readonly Step[];
  readonly steps: readonly Step[];
  /** Everything that is told of the target, in order, each in one line; see `normalised`. */
  readonly tells: readonly string[];
  readonly bound?: Bound;
  /** What the evidence of the last telling holds. */
  readonly evidence?: readonly RegExp[];
}

export type EngineName = keyof typeof ENGINES;

/** Settings of the engines that play the stories. Pods live five times faster than real ones, so two seconds are a grace. */
export const ENGINES = {
  plain: { FAILURE_GRACE: '2s' },
  patient: { FAILURE_GRACE: '60s' },
  strict: { FAILURE_GRACE: '60s', MAX_RESTARTS: '1' },
  hurried: { FAILURE_GRACE: '60s', ROLLOUT_TIMEOUT: '3s' },
  rollback: { FAILURE_GRACE: '2s', ON_FAILURE: 'rollback' },
  correcting: { FAILURE_GRACE: '2s', DRIFT: 'correct' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export const write = (...lines: readonly string[]): Step => ({ kind: 'write', content: `${lines.join('\n')}\n` });
export const setImage = (image: string): Step => ({ kind: 'set-image', image });
export const untilImage = (image: string): Step => ({ kind: 'until-image', image });
export const untilTold = (count: number): Step => ({ kind: 'until-told', count });
export const untilStatus = (field: string, is: number): Step => ({ kind: 'until-status', field, is });
export const change = (spec: Readonly<Record<string, unknown>>): Step => ({ kind: 'change', body: { spec } });
/** For a rollout whose end only the Deployment's own deadline can bring. */
export const DEADLINE = { progressDeadlineSeconds: 4 };

/**
 * A told line without what differs from one run to the next: the target, names of pods, times, and how often a container
 * was restarted by then. The two reasons a kubelet gives in turn for one pull error are the same.
 */
export function normalised(line: string, { service, namespace }: Readonly<Record<'service' | 'namespace', string>>) {
  return line
    .replaceAll(`${service}/${namespace} `, '')
    .replace(new RegExp(`${service}-[a-z0-9]+(?:-[a-z0-9]{5})?`, 'g'), '<pod>')
    .replaceAll(service, '<service>')
    .replaceAll(namespace, '<namespace>')
    .replace(/\bafter \d+(?:\.\d+)? (?:s|min)(?: \d+ s)?/g, 'after <time>')
    .replace(/\(\d+ restarts?\)/g, '(<n> restarts)')
    .replace(/\b\d+ pods Evicted/, '<n> pods Evicted')
    .replace(/ImagePullBackOff: Back-off pulling image "[^"]*": ErrImagePull/g, 'ErrImagePull');
}
