/** Events are stored once, in their core form; `events.k8s.io/v1` is another view of the same objects. */
import { type Fields, fields, type KubeObject, type NewObject } from './objects.ts';

/** The `events.k8s.io/v1` view of a stored core Event. */
export function toEventsV1(event: KubeObject): KubeObject {
  const { involvedObject, message, source, count, firstTimestamp, lastTimestamp, reportingComponent, ...rest } = event;
  const { reportingInstance, ...body } = rest;
  return {
    ...body,
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: event.metadata,
    eventTime: event.eventTime ?? null,
    reportingController: reportingComponent ?? fields(source).component,
    reportingInstance,
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  };
}

/** The stored form of an Event written as `events.k8s.io/v1`. */
export function fromEventsV1(event: NewObject): NewObject {
  const { regarding, note, reportingController, ...rest } = event;
  const { deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, ...body } = rest;
  const core: Fields = {
    involvedObject: regarding,
    message: note,
    reportingComponent: reportingController,
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
  };
  return { ...body, ...core, apiVersion: 'v1', kind: 'Event', metadata: event.metadata };
}
