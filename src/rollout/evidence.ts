/** What supports a failure, as lines for people: pods, events, logs, the change, and the command to try next. Pure. */
import type { Attempt } from '../domain/record.ts';
import type { Target } from '../domain/target.ts';
import type { ContainerView, EventView, PodView } from '../domain/workload.ts';
import type { FailureSign } from './failure-signs.ts';

/** A container whose log is worth reading. */
export interface Suspect {
  readonly pod: PodView;
  readonly container: ContainerView;
}

/** One run of a container. */
export interface ContainerLog {
  readonly suspect: Suspect;
  readonly previous: boolean;
  /** Empty when it is not known to be longer than `tail`. */
  readonly head: readonly string[];
  readonly tail: readonly string[];
}

export interface Findings {
  readonly attempt: Attempt;
  readonly target: Target;
  /** The one the cause speaks of first. */
  readonly signs: readonly FailureSign[];
  readonly events: readonly EventView[];
  readonly logs: readonly ContainerLog[];
  /** Rights that were missing, e.g. `get pods/log in prod`. */
  readonly missingRights: readonly string[];
}

const MAX_GROUPS = 3;
const MAX_EVENTS = 8;
const MAX_LINE = 400;
export const HEAD_LINES = 10;
export const TAIL_LINES = 50;

/** One sign of each kind, with how many pods show it. */
export function groupSigns(
  signs: readonly FailureSign[],
): readonly { readonly sign: FailureSign; readonly pods: number }[] {
  const groups = Map.groupBy(signs, (sign) => sign.group);
  return [...groups.values()].slice(0, MAX_GROUPS).flatMap((group) => {
    const [sign] = group;
    return sign === undefined ? [] : [{ sign, pods: group.length }];
  });
}

/** Containers that have run and ended badly, one per kind of trouble. What never started has no log. */
export function suspectsOf(signs: readonly FailureSign[]): readonly Suspect[] {
  return groupSigns(signs).flatMap(({ sign: { pod, container } }) => {
    if (pod === undefined || container === undefined) return [];
    const hasRun = container.restartCount > 0 || container.state.kind !== 'waiting';
    return hasRun ? [{ pod, container }] : [];
  });
}

/** The evidence, most telling first. */
export function evidenceLines(findings: Findings): readonly string[] {
  const { attempt, target, signs, events, logs, missingRights } = findings;
  const was = attempt.previousImage;
  const lines = [
    ...groupSigns(signs).flatMap(({ sign, pods }) => [podLine(sign, pods), ...detailLines(sign, events)]),
    ...(was === undefined || was === attempt.image ? [] : [`image: ${was} → ${attempt.image}`]),
    ...eventLines(events),
    ...logs.flatMap(logLines),
    ...missingRights.map((right) => `not allowed to ${right}: with that right there would be more evidence`),
    nextCommand(target, signs),
  ];
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line));
}

function podLine({ pod, cause }: FailureSign, pods: number): string {
  if (pod === undefined) return cause;
  return `pod ${pod.name}${pods > 1 ? ` and ${pods - 1} more` : ''}: ${cause}`;
}

/** The node's own words, unless one of its events says them too. */
function detailLines({ detail }: FailureSign, events: readonly EventView[]): readonly string[] {
  if (detail === undefined || events.some((event) => flat(event.message).includes(detail))) return [];
  return [indent(detail)];
}

function eventLines(events: readonly EventView[]): readonly string[] {
  const same = Map.groupBy(events, ({ reason, message }) => `${reason}: ${withoutNames(message)}`);
  return [...same.values()].slice(-MAX_EVENTS).flatMap((group) => {
    const newest = group.at(-1);
    if (newest === undefined) return [];
    const count = group.reduce((sum, event) => sum + event.count, 0);
    return [`event ${newest.reason}${count > 1 ? ` (${count} times)` : ''}: ${flat(newest.message)}`];
  });
}

/** Two pods' events differ in the pods' names and uids only. */
function withoutNames(message: string): string {
  return message.replace(/[a-z0-9]+(?:-[a-z0-9]+)+(?:_\w+\([^)]*\))?/g, '*');
}

function logLines({ suspect, previous, head, tail }: ContainerLog): readonly string[] {
  if (tail.length === 0) return [];
  const { pod, container } = suspect;
  const title = `log of ${pod.name}, container ${container.name}${previous ? ', the run before' : ''}:`;
  return [title, ...head.map(indent), ...(head.length === 0 ? [] : ['  …']), ...tail.map(indent)];
}

function indent(line: string): string {
  return `  ${line.trimEnd()}`;
}

function nextCommand({ service, namespace }: Target, signs: readonly FailureSign[]): string {
  const [sign] = signs;
  if (sign?.pod === undefined) return `try: kubectl describe deployment ${service} -n ${namespace}`;
  const [suspect] = suspectsOf([sign]);
  if (suspect === undefined) return `try: kubectl describe pod ${sign.pod.name} -n ${namespace}`;
  const previous = suspect.container.restartCount > 0 ? ' --previous' : '';
  return `try: kubectl logs ${suspect.pod.name} -c ${suspect.container.name} -n ${namespace}${previous}`;
}

function flat(message: string): string {
  return message.replace(/\s+/g, ' ').trim();
}

/** Why a container is not created; reasons of Events. */
const NOT_CREATED = ['FailedMount', 'FailedAttachVolume', 'FailedMapVolume', 'FailedCreatePodSandBox'];

const KILLING_PROBE = /^(?:Liveness|Startup) probe failed/;

function wasKilled(container: ContainerView | undefined): boolean {
  const exit = container?.state.kind === 'terminated' ? container.state.exit : container?.lastExit;
  // SIGTERM and, after the grace period, SIGKILL.
  return exit !== undefined && exit.reason !== 'OOMKilled' && (exit.exitCode === 143 || exit.exitCode === 137);
}

/** What was said about the cause by somebody who knows: the probe, the node, or the container's own log. */
export function quoteOf({ signs, events, logs }: Pick<Findings, 'signs' | 'events' | 'logs'>): string | undefined {
  const [sign] = signs;
  if (sign?.pod === undefined) return undefined;
  const { about, pod, container } = sign;
  const ofPod = events.filter((event) => event.involvedUid === pod.uid);
  const complaint = ofPod.findLast(({ reason, message }) => {
    if (about === 'creating') return NOT_CREATED.includes(reason);
    if (about === 'unready') return reason === 'Unhealthy';
    // A kubelet kills what fails these probes; the log of the killed says nothing about it.
    return about === 'crash' && reason === 'Unhealthy' && wasKilled(container) && KILLING_PROBE.test(message);
  });
  if (complaint !== undefined) return cut(flat(complaint.message));
  const log = logs.find(({ suspect }) => suspect.pod.uid === pod.uid && suspect.container.name === container?.name);
  return log === undefined ? undefined : tellingLine(log.tail);
}

const TELLING =
  /\b(?:error|exception|fatal|panic|caused by|denied|failed|failure|missing|cannot|could not|unable|refused|undefined|invalid|required)\b|\w(?:Error|Exception)\b/i;
const STACK_FRAME = /^\s*(?:at |\.\.\. \d+ more|File "|goroutine \d+|\^|\|)/;
const MAX_QUOTE = 200;

/** The line of a log that most likely says why: the last one that speaks of an error, else the last one. */
export function tellingLine(log: readonly string[]): string | undefined {
  const lines = log.filter((line) => line.trim() !== '' && !STACK_FRAME.test(line));
  const line = (lines.findLast((candidate) => TELLING.test(candidate)) ?? lines.at(-1))?.trim();
  return line === undefined ? undefined : cut(line);
}

function cut(line: string): string {
  return line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE)}…` : line;
}
