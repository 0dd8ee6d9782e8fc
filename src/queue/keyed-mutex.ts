import { Mutex } from 'async-mutex';

export interface KeyedMutex<K> {
  /** Runs `body` while no other body of the same key runs. */
  runExclusive<T>(key: K, body: () => Promise<T>): Promise<T>;
  /** Keys that are held or waited for: 0 at rest. */
  readonly size: number;
}

/** One mutex per key, made when first wanted and dropped when nobody holds or awaits it. */
export function createKeyedMutex<K>(): KeyedMutex<K> {
  const mutexes = new Map<K, { readonly mutex: Mutex; users: number }>();
  return {
    get size() {
      return mutexes.size;
    },
    async runExclusive(key, body) {
      const entry = mutexes.get(key) ?? { mutex: new Mutex(), users: 0 };
      mutexes.set(key, entry);
      entry.users += 1;
      try {
        return await entry.mutex.runExclusive(body);
      } finally {
        entry.users -= 1;
        if (entry.users === 0) mutexes.delete(key);
      }
    },
  };
}
