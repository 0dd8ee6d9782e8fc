/**
 * How pods behave, in one place: the sandbox's pods and any kubelet simulator in front of a real API server follow the
 * same rules. All times are pod time in ms, with the back-offs of a real kubelet; whoever plays them may run faster.
 *
 * A container's behaviour comes from its image tag, or from the annotation `sandbox/behaviour` of the pod template:
 *
 * | annotation       | tag contains                        | behaviour                                               |
 * |------------------|-------------------------------------|---------------------------------------------------------|
 * | `ready`          | anything else                       | ready after 1.5 s (`after=`)                            |
 * | `slow`           | `slow`                              | ready after 30 s (`after=`)                             |
 * | `never-ready`    | `never`, `unready`                  | runs, its readiness probe fails for ever                |
 * | `image-pull`     | `missing`, `typo`, `does-not-exist` | ErrImagePull, ImagePullBackOff: not found (`times=`)    |
 * | `image-denied`   | `denied`, `private`                 | the same: access denied (`times=`)                      |
 * | `image-name`     | –  (image is not a reference)       | InvalidImageName                                        |
 * | `crash`          | `crash`, `broken`                   | exits at once (`after=`), CrashLoopBackOff (`times=`)   |
 * | `oom`            | `oom`                               | OOMKilled after 1 s (`after=`), CrashLoopBackOff        |
 * | `start-error`    | `no-command`                        | StartError: executable not found, CrashLoopBackOff      |
 * | `config-error`   | `no-config`                         | CreateContainerConfigError: a missing ConfigMap         |
 * | `init-crash`     | –  (a crashing init container)      | `crash` in the first init container                     |
 * | `unschedulable`  | `unschedulable`                     | stays Pending, no node fits                             |
 * | `evicted`        | `evicted`                           | ready, then evicted after 10 s (`after=`)               |
 *
 * Options follow the word: `crash after=2s exit=3 times=2 container=app message="…" log="first line|second line"`.
 * `times=2` means: twice, then ready. Without `container=` the annotation speaks of the first app container.
 */

import type { ContainerShape, PodShape } from './pod-shape.ts';
import { DEFAULT_LOG, denied, LOW_MEMORY, NO_COMMAND, NO_NODE, notFound } from './runtime-words.ts';

const BEHAVIOUR_ANNOTATION = 'sandbox/behaviour';

export type ContainerRule =
  /** `afterMs` from its start to ready; an init container exits 0 instead. */
  | { readonly kind: 'ready'; readonly afterMs: number }
  | { readonly kind: 'never-ready'; readonly message: string }
  | { readonly kind: 'image-pull'; readonly message: string; readonly times: number }
  | { readonly kind: 'image-name'; readonly message: string }
  | { readonly kind: 'config-error'; readonly message: string }
  | CrashRule;

export interface CrashRule {
  readonly kind: 'crash';
  readonly reason: 'Error' | 'OOMKilled' | 'StartError';
  readonly exitCode: number;
  /** Only StartError has one. */
  readonly message?: string;
  /** How long it runs before it exits; 0 is never seen running. */
  readonly afterMs: number;
  /** What it prints before it exits. */
  readonly log: readonly string[];
  /** After so many exits it is ready. */
  readonly times: number;
}

export type PodRule =
  | { readonly kind: 'runs'; readonly containers: ReadonlyMap<string, ContainerRule> }
  | { readonly kind: 'unschedulable'; readonly message: string }
  | {
      readonly kind: 'evicted';
      readonly afterMs: number;
      readonly message: string;
      readonly containers: ReadonlyMap<string, ContainerRule>;
    };

const READY_AFTER_MS = 1_500;
const INIT_TAKES_MS = 500;

/** The rule of a pod: its annotation where it has one, else what the tags of its images say. */
export function podRuleFor(pod: PodShape): PodRule {
  const order = parseBehaviour(pod.annotations[BEHAVIOUR_ANNOTATION]);
  const behaviours = new Map(pod.containers.map((container) => [container.name, behaviourOfImage(container)]));
  if (order !== undefined) behaviours.set(subjectOf(order, pod)?.name ?? '', order);

  const all = [...behaviours.values()];
  const unschedulable = all.find((behaviour) => behaviour.word === 'unschedulable');
  if (unschedulable !== undefined) {
    return { kind: 'unschedulable', message: unschedulable.options.message ?? NO_NODE };
  }
  const containers = new Map<string, ContainerRule>();
  for (const container of pod.containers) {
    containers.set(container.name, containerRule(container, behaviours.get(container.name) ?? PLAIN));
  }
  const evicted = all.find((behaviour) => behaviour.word === 'evicted');
  if (evicted === undefined) return { kind: 'runs', containers };
  return {
    kind: 'evicted',
    afterMs: durationMs(evicted.options.after) ?? 10_000,
    message: evicted.options.message ?? LOW_MEMORY,
    containers,
  };
}

interface Behaviour {
  readonly word: string;
  readonly options: Readonly<Record<string, string | undefined>>;
}

const PLAIN: Behaviour = { word: 'ready', options: {} };
const TAG_WORDS: readonly (readonly [pattern: RegExp, word: string])[] = [
  [/unschedulable/, 'unschedulable'],
  [/evicted/, 'evicted'],
  [/missing|typo|does-not-exist/, 'image-pull'],
  [/denied|private/, 'image-denied'],
  [/no-command/, 'start-error'],
  [/no-config/, 'config-error'],
  [/crash|broken/, 'crash'],
  [/oom/, 'oom'],
  [/never|unready/, 'never-ready'],
  [/slow/, 'slow'],
];

function behaviourOfImage(container: ContainerShape): Behaviour {
  if (!VALID_IMAGE.test(container.image)) return { word: 'image-name', options: {} };
  const tag = /:([^:/@]+)(?:@.*)?$/.exec(container.image)?.[1] ?? '';
  const word = TAG_WORDS.find(([pattern]) => pattern.test(tag))?.[1];
  return word === undefined ? PLAIN : { word, options: {} };
}

/** `[host[:port]/]path[:tag][@digest]`, the grammar of the container runtime. */
const VALID_IMAGE =
  /^(?:[\w.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|\/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?$/i;

function parseBehaviour(text: unknown): Behaviour | undefined {
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const [word = ''] = text.trim().split(/\s+/, 1);
  const options: Record<string, string> = {};
  for (const [, key, quoted, plain] of text.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)) {
    if (key !== undefined) options[key] = quoted ?? plain ?? '';
  }
  return { word, options };
}

function subjectOf(behaviour: Behaviour, pod: PodShape): ContainerShape | undefined {
  const named = pod.containers.find((container) => container.name === behaviour.options.container);
  const wanted = behaviour.word === 'init-crash' ? 'init' : 'app';
  return named ?? pod.containers.find((container) => container.role === wanted) ?? pod.containers[0];
}

/** An unknown word behaves like `ready`: the annotation is for stories, not a way to break a cluster. */
function containerRule(container: ContainerShape, { word, options }: Behaviour): ContainerRule {
  const { image } = container;
  const times = Number(options.times ?? Number.POSITIVE_INFINITY);
  const afterMs = durationMs(options.after);
  switch (word) {
    case 'slow':
      return { kind: 'ready', afterMs: afterMs ?? 30_000 };
    case 'never-ready':
      return { kind: 'never-ready', message: options.message ?? 'HTTP probe failed with statuscode: 503' };
    case 'image-pull':
      return { kind: 'image-pull', message: options.message ?? notFound(image), times };
    case 'image-denied':
      return { kind: 'image-pull', message: options.message ?? denied(image), times };
    case 'image-name':
      return { kind: 'image-name', message: `couldn't parse image name "${image}": invalid reference format` };
    case 'config-error':
      return { kind: 'config-error', message: options.message ?? 'configmap "app-config" not found' };
    case 'crash':
    case 'init-crash':
      return crashRule({ exitCode: Number(options.exit ?? 1), afterMs: afterMs ?? 0, times }, options.log);
    case 'oom':
      return crashRule({ reason: 'OOMKilled', exitCode: 137, afterMs: afterMs ?? 1_000, times }, options.log);
    case 'start-error':
      return crashRule({ reason: 'StartError', exitCode: 128, message: options.message ?? NO_COMMAND, times });
    default:
      return { kind: 'ready', afterMs: afterMs ?? (container.role === 'init' ? INIT_TAKES_MS : READY_AFTER_MS) };
  }
}

function crashRule(given: Partial<CrashRule>, log?: string): CrashRule {
  const reason = given.reason ?? 'Error';
  const lines = log === undefined ? DEFAULT_LOG[reason] : log.split('|');
  return { kind: 'crash', reason, exitCode: 1, afterMs: 0, times: Number.POSITIVE_INFINITY, ...given, log: lines };
}

/** `300ms`, `2s`, `1m`, or a bare number of ms. */
function durationMs(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text ?? '');
  if (match === null) return undefined;
  const unit = { ms: 1, s: 1_000, m: 60_000 }[match[2] ?? 'ms'] ?? 1;
  return Number(match[1]) * unit;
}
