/** One pod on a real API server, living by its rule. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PodEvent } from '../../src/sandbox/container-life.ts';
import { type LogRequest, type PodLogs, podLogs } from '../../src/sandbox/pod-logs.ts';
import type { PodRule } from '../../src/sandbox/pod-rules.ts';
import { type PodShape, podShape } from '../../src/sandbox/pod-shape.ts';
import { NODE_NAME, type PodStatus, type PodStep, podSteps } from '../../src/sandbox/pod-status.ts';
import { type ApiClient, MERGE_PATCH } from './api-client.ts';
import { createEventTeller } from './event-teller.ts';
import { textAt } from './json.ts';

export interface PodPlayer {
  readonly namespace: string;
  readonly name: string;
  logs(request: LogRequest): PodLogs;
  /** Stops the life and deletes the pod for good, as a kubelet does once the containers have ended. */
  terminate(graceSeconds: number): void;
  /** Stops playing; the pod stays as it is. */
  stop(): void;
}

export interface PodPlayerOptions {
  readonly api: ApiClient;
  /** The pod's JSON. */
  readonly pod: unknown;
  readonly speed: number;
  readonly events: 'warnings' | 'all';
  readonly ruleFor: (pod: PodShape) => PodRule;
}

/** How long the containers of a terminating pod take to end, in pod time, where the grace period allows it. */
const STOPPING_MS = 1_000;

export function createPodPlayer({ api, pod, speed, events, ruleFor }: PodPlayerOptions): PodPlayer {
  const shape = podShape(pod);
  const { namespace, name, uid } = shape;
  const rule = ruleFor(shape);
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  /** Ends the life; terminating, then, may go on. */
  const over = new AbortController();
  const stopping = new AbortController();
  const tellEvent = createEventTeller(api, { namespace, name, uid });
  const bornAtMs = Date.now();
  const timeOf = (podMs: number) => new Date(bornAtMs + podMs / speed).toISOString().replace(/\.\d{3}Z$/, 'Z');
  let bound = textAt(pod, 'spec', 'nodeName') !== '';
  let shown: PodStatus | undefined;

  const tell = async (event: PodEvent, signal: AbortSignal) => {
    if (events === 'all' || event.type === 'Warning') await tellEvent(event, signal);
  };

  const show = async (step: PodStep) => {
    if (step.scheduled && !bound) {
      const body = { metadata: { name, uid }, target: { kind: 'Node', name: NODE_NAME } };
      await api.ask('POST', `${path}/binding`, { body, signal: over.signal });
      bound = true;
    }
    if (JSON.stringify(step.status) !== JSON.stringify(shown)) {
      // The server itself decides on the quality of service, from the pod's resources, and takes no other.
      const { qosClass: _qosClass, ...status } = step.status;
      const body = { metadata: { uid }, status };
      await api.ask('PATCH', `${path}/status`, { contentType: MERGE_PATCH, body, signal: over.signal });
      shown = step.status;
    }
    for (const event of step.events) await tell(event, over.signal);
  };

  const live = async () => {
    for (const step of podSteps({ rule, pod: shape, timeOf })) {
      const waitMs = bornAtMs + step.atMs / speed - Date.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: over.signal });
      if (over.signal.aborted) return;
      await show(step);
    }
  };

  const end = async (graceSeconds: number) => {
    for (const { name: container } of shape.containers) await tell(killing(container), stopping.signal);
    const takesMs = Math.min(STOPPING_MS, graceSeconds * 1_000) / speed;
    await sleep(takesMs, undefined, { signal: stopping.signal });
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid } };
    await api.request('DELETE', path, { body, signal: stopping.signal });
  };

  // A pod deleted meanwhile answers 404 or 409, a server that stops resets: in each case this life is over.
  live().catch(() => undefined);
  return {
    namespace,
    name,
    logs: (request) => podLogs(rule, { ...Object(pod), status: shown }, request),
    terminate: (graceSeconds) => {
      if (over.signal.aborted) return;
      over.abort();
      end(graceSeconds).catch(() => undefined);
    },
    stop: () => {
      over.abort();
      stopping.abort();
    },
  };
}

function killing(container: string): PodEvent {
  const fieldPath = `spec.containers{${container}}`;
  return {
    type: 'Normal',
    reason: 'Killing',
    message: `Stopping container ${container}`,
    component: 'kubelet',
    fieldPath,
  };
}
