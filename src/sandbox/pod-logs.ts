/** What a container of a pod has printed, read off its rule and its present status. */
import type { ContainerRule, PodRule } from './pod-rules.ts';
import { podShape } from './pod-shape.ts';

export interface LogLine {
  /** RFC 3339, for `kubectl logs --timestamps`. */
  readonly at: string;
  readonly text: string;
}

export interface LogRequest {
  /** Undefined when the pod has one container. */
  readonly container?: string | undefined;
  /** The run before the present one. */
  readonly previous?: boolean | undefined;
  readonly tailLines?: number | undefined;
}

/** A refusal is what a kubelet or the API server answers with 400. */
export type PodLogs =
  | { readonly kind: 'lines'; readonly lines: readonly LogLine[] }
  | { readonly kind: 'refused'; readonly message: string };

/** The log of one container; `pod` is the pod's whole JSON, with its status. */
export function podLogs(rule: PodRule, pod: unknown, request: LogRequest): PodLogs {
  const shape = podShape(pod);
  const { container: asked, previous = false, tailLines } = request;
  const apps = shape.containers.filter((container) => container.role === 'app');
  if (asked === undefined && apps.length > 1) {
    const choices = apps.map((container) => container.name).join(' ');
    const message = `a container name must be specified for pod ${shape.name}, choose one of: [${choices}]`;
    return { kind: 'refused', message };
  }
  const container = shape.containers.find(({ name }) => name === (asked ?? apps[0]?.name));
  if (container === undefined) {
    return { kind: 'refused', message: `container ${asked} is not valid for pod ${shape.name}` };
  }
  const status = statusOf(pod, container.name);
  const run = runOf(status, previous);
  if (run === undefined) return { kind: 'refused', message: whyNoLog(shape.name, container.name, status, previous) };
  const containerRule = rule.kind === 'unschedulable' ? undefined : rule.containers.get(container.name);
  const lines = linesOf(containerRule, run.ended).map((text) => ({ at: run.startedAt, text }));
  return { kind: 'lines', lines: tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - tailLines)) };
}

interface Run {
  readonly startedAt: string;
  readonly ended: boolean;
}

type Fields = { readonly [field: string]: unknown };

function record(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function statusOf(pod: unknown, name: string): Fields | undefined {
  const { containerStatuses, initContainerStatuses } = record(record(pod).status);
  const all = [initContainerStatuses, containerStatuses].flatMap((list) => (Array.isArray(list) ? list : []));
  return all.map(record).find((status) => status.name === name);
}

/** A container that waits in its back-off still shows the run that ended. */
function runOf(status: Fields | undefined, previous: boolean): Run | undefined {
  const state = record(status?.state);
  const last = record(record(status?.lastState).terminated);
  const running = record(state.running);
  const ended = record(state.terminated);
  const before = typeof last.startedAt === 'string' ? { startedAt: last.startedAt, ended: true } : undefined;
  if (previous) return before;
  if (typeof running.startedAt === 'string') return { startedAt: running.startedAt, ended: false };
  if (typeof ended.startedAt === 'string') return { startedAt: ended.startedAt, ended: true };
  return before;
}

function whyNoLog(pod: string, container: string, status: Fields | undefined, previous: boolean): string {
  if (previous) return `previous terminated container "${container}" in pod "${pod}" not found`;
  const waiting = record(record(status?.state).waiting);
  const why: Readonly<Record<string, string>> = {
    ErrImagePull: "image can't be pulled",
    ImagePullBackOff: 'trying and failing to pull image',
    InvalidImageName: 'invalid image name',
    CreateContainerConfigError: 'CreateContainerConfigError',
    PodInitializing: 'PodInitializing',
  };
  const reason = typeof waiting.reason === 'string' ? waiting.reason : 'ContainerCreating';
  return `container "${container}" in pod "${pod}" is waiting to start: ${why[reason] ?? reason}`;
}

function linesOf(rule: ContainerRule | undefined, ended: boolean): readonly string[] {
  if (rule?.kind === 'crash' && ended) return rule.log;
  if (rule?.kind === 'never-ready') return ['starting', 'listening on :8080', 'GET /healthz 503'];
  return ['starting', 'listening on :8080'];
}
