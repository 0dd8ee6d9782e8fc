/** Events about a pod, as a kubelet tells them: the same thing again raises the count of the first. */
import { randomBytes } from 'node:crypto';
import type { PodEvent } from '../../src/sandbox/container-life.ts';
import { NODE_NAME } from '../../src/sandbox/pod-status.ts';
import { type ApiClient, MERGE_PATCH } from './api-client.ts';

export interface EventSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type EventTeller = (event: PodEvent, signal: AbortSignal) => Promise<void>;

export function createEventTeller(api: ApiClient, subject: EventSubject): EventTeller {
  const { namespace, name, uid } = subject;
  const path = `/api/v1/namespaces/${namespace}/events`;
  const told = new Map<string, { readonly name: string; count: number }>();

  return async ({ type, reason, message, component, fieldPath }, signal) => {
    const now = new Date().toISOString().replace(/\.\d{3}Z$/, 'Z');
    const key = JSON.stringify([reason, message, fieldPath]);
    const before = told.get(key);
    if (before !== undefined) {
      before.count += 1;
      const body = { count: before.count, lastTimestamp: now };
      await api.request('PATCH', `${path}/${before.name}`, { contentType: MERGE_PATCH, body, signal });
      return;
    }
    const event = { name: `${name}.${randomBytes(8).toString('hex')}`, count: 1 };
    told.set(key, event);
    await api.request('POST', path, {
      signal,
      body: {
        metadata: { name: event.name, namespace },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid, fieldPath },
        type,
        reason,
        message,
        source: component === 'kubelet' ? { component, host: NODE_NAME } : { component },
        reportingComponent: component,
        firstTimestamp: now,
        lastTimestamp: now,
        count: event.count,
      },
    });
  };
}
