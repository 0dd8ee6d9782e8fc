/** The recent changes of each resource: what a watch that resumes from an older resourceVersion is told. */
import type { Resource } from './resources.ts';
import type { Store, StoreEvent } from './store.ts';

export interface VersionedEvent extends StoreEvent {
  readonly version: number;
}

export interface History {
  /** Events after a version, oldest first; undefined when some of them are already forgotten. */
  since(resource: Resource, version: number): readonly VersionedEvent[] | undefined;
  /** Called synchronously with every new event of the resource; the returned function ends it. */
  follow(resource: Resource, listener: (event: VersionedEvent) => void): () => void;
  /** Forgets everything up to now, as a compaction does: older resourceVersions are answered 410 from here on. */
  compact(): void;
  stop(): void;
}

interface Trail {
  events: VersionedEvent[];
  /** Complete for every version from this one on. */
  floor: number;
  readonly listeners: Set<(event: VersionedEvent) => void>;
}

/** Keeps the last `perResource` events of each resource, at least, and less than twice as many. */
export function createHistory(store: Store, perResource: number): History {
  const trails = new Map<Resource, Trail>();
  const start = store.version();

  function trailOf(resource: Resource): Trail {
    const known = trails.get(resource);
    if (known) return known;
    const fresh: Trail = { events: [], floor: start, listeners: new Set() };
    trails.set(resource, fresh);
    return fresh;
  }

  function forget(trail: Trail, keep: number): void {
    const dropped = trail.events.length - keep;
    const last = trail.events[dropped - 1];
    if (!last) return;
    trail.floor = last.version;
    trail.events = trail.events.slice(dropped);
  }

  const stop = store.subscribe((event) => {
    const trail = trailOf(event.resource);
    const versioned = { ...event, version: Number(event.object.metadata.resourceVersion) };
    trail.events.push(versioned);
    // Dropped by halves, so that forgetting costs nothing per event.
    if (trail.events.length >= 2 * perResource) forget(trail, perResource);
    for (const listener of trail.listeners) listener(versioned);
  });

  return {
    since(resource, version) {
      const { events, floor } = trailOf(resource);
      if (version < floor) return undefined;
      let low = 0;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((events[middle]?.version ?? 0) <= version) low = middle + 1;
        else high = middle;
      }
      return events.slice(low);
    },
    follow(resource, listener) {
      const { listeners } = trailOf(resource);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    compact() {
      for (const trail of trails.values()) forget(trail, 0);
    },
    stop,
  };
}
