/** All telling goes through here: one event, handed to every sink; a sink that fails fails alone. */
import type { EngineEvent } from './domain/event.ts';
import type { Logger } from './log.ts';

export interface Sink {
  readonly name: string;
  /** Resolves when the event is safe with the sink: written, or in its durable outbox. */
  put(event: EngineEvent): Promise<void>;
}

export type Report = (event: EngineEvent) => Promise<void>;

export function createReport(sinks: readonly Sink[], onSinkError: (sink: string, error: unknown) => void): Report {
  return async (event) => {
    for (const sink of sinks) {
      try {
        await sink.put(event);
      } catch (error) {
        onSinkError(sink.name, error);
      }
    }
  };
}

/** The log as a sink: the summary is the message, the facts are fields. */
export function logSink(log: Logger): Sink {
  return {
    name: 'log',
    async put(event) {
      if (event.kind === 'engine') {
        log[isRelief(event.what) ? 'info' : 'warn']({ what: event.what }, event.summary);
        return;
      }
      const { what, service, namespace, version, image, evidence, id } = event;
      const target = namespace === '' ? service : `${service}/${namespace}`;
      const fields = { what, target, version, image, id, ...(evidence.length === 0 ? {} : { evidence }) };
      log[levelOf(what)](fields, event.summary);
    },
  };
}

type EngineWhat = Extract<EngineEvent, { kind: 'engine' }>['what'];

/** Whether it tells that a trouble has ended. */
function isRelief(what: EngineWhat): boolean {
  return what === 'cluster-reachable' || what === 'directory-recovered' || what === 'state-saved';
}

type TargetWhat = Extract<EngineEvent, { kind: 'target' }>['what'];

function levelOf(what: TargetWhat): 'info' | 'warn' | 'error' {
  switch (what) {
    case 'started':
    case 'progress':
    case 'succeeded':
    case 'recovered':
    case 'superseded':
      return 'info';
    case 'refused':
    case 'blocked':
    case 'stalled':
    case 'overridden':
    case 'drifted':
    case 'flapping':
    case 'rolled-back':
    case 'crashed-later':
      return 'warn';
    case 'failed':
    case 'timed-out':
    case 'rollback-failed':
      return 'error';
    default:
      return what satisfies never;
  }
}
