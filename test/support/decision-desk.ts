/** Puts one question to `decide`: web/prod, at a given moment, with a given memory. */
import { ApiError } from '../../src/domain/api-error.ts';
import type { DepLook } from '../../src/domain/dep-look.ts';
import type { Attempt, PendingAttempt, TargetRecord } from '../../src/domain/record.ts';
import { targetKey } from '../../src/domain/target.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import { decide } from '../../src/reconcile/decide.ts';
import type { ClusterLook, Conclusion, Decision, Observation } from '../../src/reconcile/decision.ts';
import type { Policy } from '../../src/reconcile/policy.ts';
import {
  complete,
  crashLooping,
  deployment,
  exit,
  NEW_IMAGE,
  NEW_SET,
  OLD_IMAGE,
  OLD_SET,
  PATCHED_AT,
  pod,
} from './rollout-objects.ts';
import { STORY_POLICY } from './rollout-story.ts';

export const NEW_ID = 'attempt-new';
const TARGET = { service: 'web', namespace: 'prod' };

/** A file that asks for a version; the content says how it is written. */
export function wanted(version: string, content = `bytes of ${version}`, container?: string): DepLook {
  return { kind: 'wanted', content, request: container === undefined ? { version } : { version, container } };
}

export function refused(problem = 'not a version'): DepLook {
  return { kind: 'refused', content: 'bytes of nonsense', line: 2, problem };
}

/** The attempt that brought 1.25.0 to web/prod, answered and not ended. */
export function attempt(change: Partial<Attempt> = {}): Attempt {
  return {
    id: 'attempt-1',
    kind: 'deploy',
    content: 'bytes of 1.25.0',
    version: '1.25.0',
    image: NEW_IMAGE,
    container: 'web',
    previousImage: OLD_IMAGE,
    startedAt: PATCHED_AT,
    uid: 'deployment-1',
    generation: 2,
    appliedImage: NEW_IMAGE,
    ...change,
  };
}

/** The same, not answered: sent, and nobody knows. */
export function pending(change: Partial<PendingAttempt> = {}): PendingAttempt {
  const { uid: _uid, generation: _generation, appliedImage: _image, ...sent } = attempt();
  return { ...sent, ...change };
}

export function record(change: Partial<TargetRecord> = {}): TargetRecord {
  return {
    schema: 1,
    phase: 'rolling-out',
    version: '1.25.0',
    content: 'bytes of 1.25.0',
    summary: 'web/prod 1.25.0 is being deployed',
    evidence: [],
    startedAt: PATCHED_AT,
    attempt: attempt(),
    past: [],
    ...change,
  };
}

/** The record of an attempt that was not answered. */
export function sent(change: Partial<TargetRecord> = {}): TargetRecord {
  const { attempt: _attempt, ...kept } = record();
  return { ...kept, pending: pending(), ...change };
}

/** The record of an attempt that ended. */
export function settled(phase: TargetRecord['phase'], change: Partial<TargetRecord> = {}): TargetRecord {
  return record({
    phase,
    finishedAt: PATCHED_AT + 60_000,
    attempt: attempt({ endedAt: PATCHED_AT + 60_000 }),
    ...change,
  });
}

export const VERIFIED = { version: '1.24.0', image: OLD_IMAGE, container: 'web', at: PATCHED_AT - 86_400_000 };

/** A GET of this pass. */
export function got(change: Partial<DeploymentView> = {}): ClusterLook {
  return { ...watched(change), fresh: true };
}

/** What the watch shows. */
export function watched(change: Partial<DeploymentView> = {}): Extract<ClusterLook, { kind: 'deployment' }> {
  const look = { replicaSets: [OLD_SET, NEW_SET], pods: [] };
  return { kind: 'deployment', deployment: deployment({ ...complete(), ...change }), look, fresh: false };
}

/** The new pod of a rollout that crashes again and again. */
export const crashing = {
  ...watched({ availableReplicas: 0 }),
  look: { replicaSets: [OLD_SET, NEW_SET], pods: [pod(crashLooping(exit(1), 3))] },
};

/** As `got`, with another image in the container. */
export function gotImage(image: string, change: Partial<DeploymentView> = {}): ClusterLook {
  return got({ containers: [{ name: 'web', image }], ...change });
}

export function refusedByServer(message = 'GET deployment web: 403, may not get deployments in prod'): ClusterLook {
  return { kind: 'error', error: new ApiError('forbidden', message, { code: 403 }) };
}

interface Question {
  readonly file: DepLook;
  readonly record?: TargetRecord;
  readonly cluster?: ClusterLook;
  readonly last?: string;
  readonly policy?: Partial<Policy>;
  /** Since the attempt began, s. */
  readonly after?: number;
  readonly completeForMs?: number;
  readonly ageOf?: (signId: string) => number;
}

export function ask({ file, record: memory, cluster, last, policy, after = 60, ...times }: Question): Decision {
  const observation: Observation = {
    key: targetKey(TARGET),
    target: TARGET,
    desired: file,
    last,
    cluster: cluster ?? { kind: 'unseen' },
    elapsedMs: after * 1_000,
    idleMs: after * 1_000,
    watchedMs: after * 1_000,
    ageOf: times.ageOf ?? (() => 0),
    completeForMs: times.completeForMs ?? 0,
  };
  const moment = { now: PATCHED_AT + after * 1_000, newId: NEW_ID };
  return decide(observation, memory, { ...STORY_POLICY, ...policy }, moment);
}

/** The decision, which must be a conclusion. */
export function conclusionOf(decision: Decision): Conclusion {
  if (decision.kind !== 'conclude') throw new Error(`expected a conclusion, got: ${JSON.stringify(decision)}`);
  return decision;
}

/** The record a decision leaves behind. */
export function recordOf(decision: Decision): TargetRecord {
  if ('record' in decision) return decision.record;
  throw new Error(`expected a record, got: ${JSON.stringify(decision)}`);
}
