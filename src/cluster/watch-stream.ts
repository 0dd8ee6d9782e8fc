/** One watch connection: bytes to lines to events, until it ends or falls silent. */
import type { Clock } from '../clock.ts';
import type { ApiError } from '../domain/api-error.ts';
import { errorOfFailure, errorOfNonsense, errorOfStatus } from './api-errors.ts';
import type { Connection } from './connection.ts';
import { type Fields, fieldsOf, textOf } from './fields.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: Fields;
}

export type StreamEnd =
  /** By the server, in order: the time we asked for is over. */
  | { readonly kind: 'ended' }
  /** Nothing came for `idleMs()`, not even a bookmark. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: ApiError };

export interface StreamOptions {
  readonly connection: Connection;
  /** With the query. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long the stream may be silent, ms; asked again after each silence. */
  readonly idleMs: () => number;
  readonly onOpen: () => void;
  readonly onEvent: (event: WatchEvent) => void;
}

/** etcd limits objects to a few MB; a longer line is not an event. */
const MAX_LINE_CHARS = 32 * 1024 * 1024;

/** Rejects with what `onOpen` or `onEvent` throws, and nothing else. The connection is given back, or cut, when it ends. */
export async function readWatchStream(options: StreamOptions): Promise<StreamEnd> {
  const { connection, path, clock, signal } = options;
  const asked = `watch ${path.split('?')[0]}`;
  const cut = createCut(clock, signal, options.idleMs);
  try {
    const body = await connection.openStream(path, cut.signal);
    cut.onCut(() => body.destroy());
    cut.begin();
    options.onOpen();
    const lines = createLineSplitter(asked, (line) => options.onEvent(parseEvent(asked, line, clock.now())));
    for await (const chunk of body) {
      cut.touch();
      if (chunk instanceof Uint8Array) lines.push(chunk);
    }
    lines.end();
    return signal.aborted ? { kind: 'stopped' } : { kind: 'ended' };
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    if (cut.signal.aborted) return { kind: 'silent' };
    return { kind: 'failed', error: errorOfFailure(asked, error) };
  } finally {
    cut.end();
  }
}

/**
 * Cuts when `stop` is aborted or, once begun, nothing came for too long: one timer that looks at the time of the last
 * byte. The opening has a deadline of its own, whose end is a failure to be told.
 */
function createCut(clock: Clock, stop: AbortSignal, idleMs: () => number) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let touchedAt = 0;
  let cancel = () => {};
  function look() {
    const left = touchedAt + idleMs() - clock.monotonic();
    if (left <= 0) abort();
    else cancel = clock.after(left, look);
  }
  if (stop.aborted) abort();
  stop.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    onCut(run: () => void) {
      if (controller.signal.aborted) run();
      else controller.signal.addEventListener('abort', run, { once: true });
    },
    begin() {
      touchedAt = clock.monotonic();
      cancel = clock.after(idleMs(), look);
    },
    touch() {
      touchedAt = clock.monotonic();
    },
    end() {
      cancel();
      stop.removeEventListener('abort', abort);
    },
  };
}

function createLineSplitter(asked: string, onLine: (line: string) => void) {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    push(chunk: Uint8Array) {
      const text = decoder.decode(chunk, { stream: true });
      let start = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        const line = rest + text.slice(start, end);
        rest = '';
        start = end + 1;
        if (line.trim() !== '') onLine(line);
      }
      rest += text.slice(start);
      if (rest.length > MAX_LINE_CHARS) throw errorOfNonsense(asked, 'sent an endless line');
    },
    /** A proxy that cuts an event short does so again when the stream is resumed at it. */
    end() {
      if (rest.trim() !== '') throw errorOfNonsense(asked, 'ended in the middle of a line');
    },
  };
}

/** @throws ApiError the one an ERROR event tells, or `nonsense` for anything unknown */
function parseEvent(asked: string, line: string, now: number): WatchEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw errorOfNonsense(asked, 'sent a line that is not JSON', cause);
  }
  const { type, object } = fieldsOf(value);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type, object: fieldsOf(object) };
    case 'ERROR':
      throw errorOfStatus(asked, object, now);
    default:
      throw errorOfNonsense(asked, `sent an event of type "${textOf(type).slice(0, 20)}"`);
  }
}
