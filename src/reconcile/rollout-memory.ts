/**
 * What the passes remember of a rollout that no object carries: since when it is complete, since when something is
 * wrong, how long it has been running and when it last made progress. Kept in memory only; after a restart graces begin
 * anew, as does what counts from the last progress, and the rest goes on from the attempt's start.
 */
import type { Clock } from '../clock.ts';
import type { Attempt } from '../domain/record.ts';
import type { TargetKey } from '../domain/target.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { progressOf, stepOf } from '../rollout/progress.ts';
import type { ClusterLook, Observation } from './decision.ts';

export type RolloutTimes = Pick<Observation, 'elapsedMs' | 'idleMs' | 'watchedMs' | 'completeForMs' | 'ageOf'>;

export interface RolloutMemory {
  /** Takes in what a pass sees and returns the times for `decide`. */
  see(key: TargetKey, attempt: Attempt | undefined, cluster: ClusterLook): RolloutTimes;
  /** Forgets the signs that no rule asked about since `see`: they are gone. */
  dropUnasked(key: TargetKey): void;
  forget(key: TargetKey): void;
  readonly size: number;
}

interface Entry {
  readonly attemptId: string;
  /** The attempt's own time, epoch ms: it changes when its patch is sent once more. */
  readonly sentAt: number;
  /** Monotonic. Begins anew when a hold ends, as the controller's own deadline does. */
  startedAt: number;
  /** Monotonic. When the rollout came further than before; what is lost and won again is no progress. */
  progressedAt: number;
  farthestStep: number | undefined;
  held: boolean;
  /** Monotonic. When we began to look, or to see again after a while in which the API did not let us. */
  watchedSince: number;
  seenAt: number;
  blind: boolean;
  completeSince: number | undefined;
  readonly firstSeen: Map<string, number>;
  readonly asked: Set<string>;
}

const NO_TIMES: RolloutTimes = { elapsedMs: 0, idleMs: 0, watchedMs: 0, completeForMs: 0, ageOf: () => 0 };
/** A failed call between two good ones hides nothing, ms. */
const BLINK_MS = 10_000;

export function createRolloutMemory(clock: Clock): RolloutMemory {
  const entries = new Map<TargetKey, Entry>();

  function entryOf(key: TargetKey, attempt: Attempt): Entry {
    const known = entries.get(key);
    if (known?.attemptId === attempt.id && known.sentAt === attempt.startedAt) return known;
    // The wall clock is asked once, so that its later jumps move no deadline.
    const sinceMs = Math.max(0, (attempt.endedAt ?? clock.now()) - attempt.startedAt);
    const now = clock.monotonic();
    const entry: Entry = {
      attemptId: attempt.id,
      sentAt: attempt.startedAt,
      startedAt: now - sinceMs,
      progressedAt: now,
      farthestStep: undefined,
      held: false,
      watchedSince: now,
      seenAt: now,
      blind: false,
      completeSince: undefined,
      firstSeen: new Map(),
      asked: new Set(),
    };
    entries.set(key, entry);
    return entry;
  }

  return {
    see(key, attempt, cluster) {
      if (attempt === undefined) return NO_TIMES;
      const entry = entryOf(key, attempt);
      const now = clock.monotonic();
      entry.asked.clear();
      if (cluster.kind === 'error') entry.blind = true;
      if (cluster.kind === 'deployment') takeIn(entry, cluster.deployment, now);
      return {
        elapsedMs: now - entry.startedAt,
        idleMs: now - entry.progressedAt,
        watchedMs: now - entry.watchedSince,
        completeForMs: entry.completeSince === undefined ? 0 : now - entry.completeSince,
        ageOf(signId) {
          entry.asked.add(signId);
          const since = entry.firstSeen.get(signId) ?? now;
          entry.firstSeen.set(signId, since);
          return now - since;
        },
      };
    },
    dropUnasked(key) {
      const entry = entries.get(key);
      for (const signId of entry?.firstSeen.keys() ?? []) {
        if (entry?.asked.has(signId) === false) entry.firstSeen.delete(signId);
      }
    },
    forget: (key) => void entries.delete(key),
    get size() {
      return entries.size;
    },
  };
}

function takeIn(entry: Entry, deployment: DeploymentView, now: number): void {
  if (entry.blind && now - entry.seenAt > BLINK_MS) entry.watchedSince = now;
  entry.blind = false;
  entry.seenAt = now;
  if (deployment.paused || entry.held) {
    entry.startedAt = now;
    entry.progressedAt = now;
  }
  entry.held = deployment.paused;
  const { kind } = progressOf(deployment);
  entry.completeSince = kind === 'complete' ? (entry.completeSince ?? now) : undefined;
  if (kind !== 'unobserved') advance(entry, stepOf(deployment), now);
}

/** The first look tells where the rollout stands, a later one that it moved. */
function advance(entry: Entry, step: number, now: number): void {
  const before = entry.farthestStep ?? step;
  entry.farthestStep = Math.max(before, step);
  if (step > before) entry.progressedAt = now;
}
