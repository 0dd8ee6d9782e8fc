/** Where the ReplicaSets or Pods of one namespace go: ours are kept, the others are only known to have been there. */
import type { WatchSink } from './collection-feed.ts';
import type { Owned, OwnedObjects } from './owned-objects.ts';
import { parseIdentity } from './views.ts';

export interface OwnedSinkOptions<T extends Owned> {
  readonly objects: OwnedObjects<T>;
  readonly parse: (value: unknown) => T | undefined;
  /** The name of the Deployment an object belongs to; empty when to none. */
  readonly deploymentOf: (value: unknown) => string;
  readonly isOurs: (deployment: string) => boolean;
  /** Gathers the Deployments whose objects were not kept. */
  readonly skipped: Set<string>;
  readonly onHint: (deployment: string) => void;
}

/** Hints wait until a picture is complete, so that nobody judges half of one. */
export function createOwnedSink<T extends Owned>(options: OwnedSinkOptions<T>): WatchSink {
  const { objects, parse, deploymentOf, isOurs, skipped, onHint } = options;
  let waiting: Set<string> | undefined;

  function changed(deployment: string | undefined): void {
    if (deployment === undefined) return;
    if (waiting === undefined) onHint(deployment);
    else waiting.add(deployment);
  }

  return {
    onReset() {
      // What still waits from a picture that was never completed goes on waiting.
      waiting ??= new Set();
      objects.mark();
    },
    onObject(type, object) {
      const deployment = deploymentOf(object);
      // Also what has lost its owner, as a Pod does whose labels somebody changes, and what is no longer ours.
      if (type === 'DELETED' || deployment === '') {
        changed(objects.remove(parseIdentity(object)?.uid ?? ''));
        return;
      }
      if (!isOurs(deployment)) {
        skipped.add(deployment);
        return;
      }
      const view = parse(object);
      if (view === undefined) return;
      objects.put(view, deployment);
      changed(deployment);
    },
    onSynced() {
      for (const deployment of objects.sweep()) changed(deployment);
      const names = waiting ?? [];
      waiting = undefined;
      for (const name of names) onHint(name);
    },
  };
}
