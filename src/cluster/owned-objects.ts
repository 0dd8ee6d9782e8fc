/** Objects by uid and by owner, with mark and sweep for a picture that starts over. */

export interface Owned {
  readonly uid: string;
  readonly ownerUid: string;
}

export interface OwnedObjects<T extends Owned> {
  put(view: T, deployment: string): void;
  /** The name of the Deployment it stood under; undefined when it was not known. */
  remove(uid: string): string | undefined;
  of(ownerUid: string): readonly T[];
  /** From here on, what is not put again is swept. */
  mark(): void;
  /** Removes what was not put since the mark; returns the names of the Deployments that stood under. */
  sweep(): readonly string[];
}

interface Entry<T> {
  readonly view: T;
  readonly deployment: string;
  readonly round: number;
}

export function createOwnedObjects<T extends Owned>(): OwnedObjects<T> {
  const entries = new Map<string, Entry<T>>();
  const byOwner = new Map<string, Map<string, T>>();
  let round = 0;

  function remove(uid: string): string | undefined {
    const entry = entries.get(uid);
    if (entry === undefined) return undefined;
    entries.delete(uid);
    const siblings = byOwner.get(entry.view.ownerUid);
    siblings?.delete(uid);
    if (siblings?.size === 0) byOwner.delete(entry.view.ownerUid);
    return entry.deployment;
  }

  return {
    put(view, deployment) {
      // Its owner may have changed: an orphan is adopted.
      remove(view.uid);
      entries.set(view.uid, { view, deployment, round });
      const siblings = byOwner.get(view.ownerUid) ?? new Map<string, T>();
      byOwner.set(view.ownerUid, siblings.set(view.uid, view));
    },
    remove,
    of: (ownerUid) => [...(byOwner.get(ownerUid)?.values() ?? [])],
    mark() {
      round += 1;
    },
    sweep() {
      const stale = [...entries].filter(([, entry]) => entry.round < round);
      return stale.map(([uid, entry]) => {
        remove(uid);
        return entry.deployment;
      });
    },
  };
}
