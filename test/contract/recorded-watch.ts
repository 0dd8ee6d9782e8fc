/** A watch that keeps what it was told. */
import type { ApiClient, WatchEvent } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { textAt } from '../support/json.ts';

export interface RecordedWatch {
  readonly events: readonly WatchEvent[];
  /** `ADDED web`, `BOOKMARK`, `ERROR`, in order. */
  told(): readonly string[];
  /** The first event of which `holds` is true, waiting for it when it is not there yet. */
  until(holds: (event: WatchEvent) => boolean): Promise<WatchEvent>;
  /** Settles when the server ends the stream. */
  readonly ended: Promise<void>;
}

/** Opens it; resolves at once, and the server's answer comes when it comes: wait for a first event where order matters. */
export async function recordWatch(api: ApiClient, path: string, signal: AbortSignal): Promise<RecordedWatch> {
  const events: WatchEvent[] = [];
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const ended = api.watch(path, (event) => events.push(event), signal, open);
  // A watch nobody awaits is ended by the scene.
  ended.catch(() => undefined);
  await Promise.race([opened, ended]);
  return {
    events,
    told: () => events.map(({ type, object }) => `${type} ${textAt(object, 'metadata', 'name')}`.trim()),
    until: (holds) => eventually(() => events.find(holds), { timeoutMs: 40_000 }),
    ended,
  };
}
