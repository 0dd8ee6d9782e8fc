/** Tells a rollout second by second to the rules, as a watch and a clock would, and notes how it ends. */
import { ApiError } from '../../src/domain/api-error.ts';
import type { TargetEvent } from '../../src/domain/event.ts';
import type { Attempt, TargetRecord } from '../../src/domain/record.ts';
import { targetKey } from '../../src/domain/target.ts';
import type { DeploymentView, PodView, ReplicaSetView } from '../../src/domain/workload.ts';
import { decide } from '../../src/reconcile/decide.ts';
import type { ClusterLook, Decision, Observation } from '../../src/reconcile/decision.ts';
import type { Policy } from '../../src/reconcile/policy.ts';
import { createRolloutMemory } from '../../src/reconcile/rollout-memory.ts';
import { createManualClock } from './manual-clock.ts';
import {
  deployment,
  NEW_IMAGE,
  NEW_SET,
  OLD_IMAGE,
  OLD_SET,
  PATCHED_AT,
  PATCHED_GENERATION,
} from './rollout-objects.ts';

/** What the cluster shows from one second on, until the next frame. */
export interface Frame {
  /** Seconds since the patch. */
  readonly at: number;
  readonly deployment?: Partial<DeploymentView>;
  /** The old and the new one when left out. */
  readonly replicaSets?: readonly ReplicaSetView[];
  readonly pods?: readonly PodView[];
  /** The API server does not answer. */
  readonly unreachable?: true;
  /** The Deployment is gone. */
  readonly gone?: true;
}

export interface Story {
  readonly name: string;
  readonly frames: readonly Frame[];
  readonly ends: StoryEnd;
  readonly policy?: Partial<Policy>;
  readonly attempt?: Partial<Attempt>;
  /** How long earlier rollouts took, ms. */
  readonly usualMs?: readonly number[];
}

export interface StoryEnd {
  /** `running`: no verdict within ten minutes. */
  readonly outcome: TargetEvent['what'] | 'running';
  /** Seconds since the patch. */
  readonly at?: number;
  /** The whole one-line cause; for `running` what is said of it while it waits. */
  readonly cause?: string;
  /** What is told on the way, each with its second. */
  readonly progress?: readonly string[];
}

export const STORY_POLICY: Policy = {
  repo: 'registry.example',
  namespaces: ['*'],
  createNamespaces: true,
  onFailure: 'leave',
  drift: 'report',
  graceMs: 20_000,
  maxRestarts: undefined,
  timeoutMs: undefined,
  watchAfterMs: 120_000,
};

const TARGET = { service: 'web', namespace: 'prod' };
const CONTENT = 'c0ffee';
const STORY_MS = 600_000;
/** A pass that finds nothing to do but look again at once, so often, would spin. */
const MOST_LOOKS = 2_000;

export function tell(story: Story): Required<StoryEnd> {
  const clock = createManualClock(PATCHED_AT);
  const memory = createRolloutMemory(clock);
  const policy = { ...STORY_POLICY, ...story.policy };
  const key = targetKey(TARGET);
  let record = runningRecord(story.attempt, story.usualMs);
  const progress: string[] = [];
  let nextLookMs = Number.POSITIVE_INFINITY;

  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const elapsedMs = clock.monotonic();
    const cluster = clusterAt(story.frames, elapsedMs);
    const times = memory.see(key, record.attempt, cluster);
    const observation: Observation = { key, target: TARGET, desired: wanted(), last: undefined, cluster, ...times };
    const moment = { now: clock.now(), newId: 'attempt-2' };
    const glanced = decide(observation, record, policy, moment);
    const decision =
      glanced.kind === 'look-fresh'
        ? decide({ ...observation, cluster: fresh(cluster) }, record, policy, moment)
        : glanced;
    if (cluster.kind === 'deployment') memory.dropUnasked(key);

    const { told, lookAgainInMs, saved, detail } = read(decision);
    if (told?.what === 'progress' || told?.what === 'stalled') progress.push(`${elapsedMs / 1_000} s: ${told.cause}`);
    else if (told !== undefined) return { outcome: told.what, at: elapsedMs / 1_000, cause: told.cause, progress };
    record = saved ?? record;
    nextLookMs = elapsedMs + lookAgainInMs;
    const nextFrameMs = Math.min(...story.frames.map(({ at }) => at * 1_000).filter((at) => at > elapsedMs));
    const nextMs = Math.min(nextLookMs, nextFrameMs);
    if (nextMs > STORY_MS) return { outcome: 'running', at: elapsedMs / 1_000, cause: detail, progress };
    clock.advance(nextMs - elapsedMs);
  }
  throw new Error(`${story.name}: the rules look again and again without a verdict`);
}

function read(decision: Decision): {
  readonly told?: TargetEvent;
  readonly lookAgainInMs: number;
  readonly saved?: TargetRecord;
  readonly detail: string;
} {
  switch (decision.kind) {
    case 'conclude':
      return { told: decision.event, lookAgainInMs: 0, saved: decision.record, detail: '' };
    case 'wait':
      return { lookAgainInMs: decision.lookAgainInMs, detail: decision.detail };
    case 'retry':
      return { lookAgainInMs: 1_000, detail: decision.error.message };
    case 'remember':
      return { lookAgainInMs: decision.lookAgainInMs ?? Number.POSITIVE_INFINITY, saved: decision.record, detail: '' };
    case 'nothing':
    case 'look-fresh':
    case 'patch':
    case 'create-namespace':
      throw new Error(`a running rollout led to ${decision.kind}`);
    default:
      return decision satisfies never;
  }
}

function clusterAt(frames: readonly Frame[], elapsedMs: number): ClusterLook {
  const frame = frames.findLast(({ at }) => at * 1_000 <= elapsedMs);
  if (frame === undefined) return { kind: 'unseen' };
  if (frame.gone) return { kind: 'no-deployment', namespace: 'present' };
  if (frame.unreachable) {
    return { kind: 'error', error: new ApiError('unreachable', 'GET deployment web: connection refused', {}) };
  }
  const look = { replicaSets: frame.replicaSets ?? [OLD_SET, NEW_SET], pods: frame.pods ?? [] };
  return { kind: 'deployment', deployment: deployment(frame.deployment), look, fresh: false };
}

/** A GET finds what the watch has shown. */
function fresh(cluster: ClusterLook): ClusterLook {
  return cluster.kind === 'deployment' ? { ...cluster, fresh: true } : cluster;
}

function wanted(): Observation['desired'] {
  return { kind: 'wanted', content: CONTENT, request: { version: '1.25.0' } };
}

function runningRecord(change: Partial<Attempt> = {}, usualMs?: readonly number[]): TargetRecord {
  const attempt: Attempt = {
    id: 'attempt-1',
    kind: 'deploy',
    content: CONTENT,
    version: '1.25.0',
    image: NEW_IMAGE,
    container: 'web',
    previousImage: OLD_IMAGE,
    startedAt: PATCHED_AT,
    uid: 'deployment-1',
    generation: PATCHED_GENERATION,
    appliedImage: NEW_IMAGE,
    ...change,
  };
  return {
    schema: 1,
    phase: 'rolling-out',
    version: '1.25.0',
    content: CONTENT,
    summary: '',
    evidence: [],
    startedAt: PATCHED_AT,
    attempt,
    ...(usualMs === undefined ? {} : { usualMs }),
    past: [],
  };
}
