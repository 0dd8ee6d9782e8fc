/** Every object of a collection and what becomes of it, for as long as somebody wants to know. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { listAt, textAt } from './json.ts';

export interface ObjectListener {
  /** It is there, or has changed; told again after a broken watch. */
  seen(object: unknown): void;
  gone(uid: string): void;
}

/**
 * Lists `path`, then watches it, and starts again whenever the watch ends. The returned promise settles at the first
 * complete list, so that nothing created after it is missed; it rejects when that list fails.
 */
export async function followObjects(
  api: ApiClient,
  path: string,
  listener: ObjectListener,
  signal: AbortSignal,
): Promise<void> {
  const known = new Set<string>();

  const list = async (): Promise<string> => {
    const all = await api.ask('GET', path, { signal });
    const present = new Set<string>();
    for (const object of listAt(all, 'items')) {
      present.add(textAt(object, 'metadata', 'uid'));
      listener.seen(object);
    }
    for (const uid of known) if (!present.has(uid)) listener.gone(uid);
    known.clear();
    for (const uid of present) known.add(uid);
    return textAt(all, 'metadata', 'resourceVersion');
  };

  const watch = (resourceVersion: string) => {
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
    return api.watch(
      `${path}?${query}`,
      ({ type, object }) => {
        const uid = textAt(object, 'metadata', 'uid');
        if (type === 'DELETED') {
          known.delete(uid);
          listener.gone(uid);
        } else if (type === 'ADDED' || type === 'MODIFIED') {
          known.add(uid);
          listener.seen(object);
        }
      },
      signal,
    );
  };

  const followFrom = async (first: string) => {
    let resourceVersion = first;
    while (!signal.aborted) {
      // A watch that ends or breaks leads to a new list either way.
      await watch(resourceVersion).catch(() => sleep(100, undefined, { ref: false }));
      if (!signal.aborted) resourceVersion = await list().catch(() => '');
    }
  };
  void followFrom(await list());
}
