/** One pass: observe, decide, act once, end. It never waits for a rollout; it says when to look again. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Observer } from '../cluster/observer.ts';
import { ApiError, isTransient } from '../domain/api-error.ts';
import type { DepLook } from '../domain/dep-look.ts';
import type { EngineEvent } from '../domain/event.ts';
import type { TargetRecord } from '../domain/record.ts';
import { parseTargetKey, type Target, type TargetKey } from '../domain/target.ts';
import type { StateStore } from '../state/store.ts';
import { applied, runningAttempt, wantsPods } from './attempt.ts';
import { decide } from './decide.ts';
import { decideRefusedPatch } from './decide-deploy.ts';
import type { ClusterLook, Conclusion, Decision, Moment, Observation } from './decision.ts';
import type { EvidenceGatherer } from './evidence-gatherer.ts';
import { createClusterEyes } from './observe.ts';
import type { Policy } from './policy.ts';
import { createRecordKeeper } from './record-keeper.ts';
import { createRolloutMemory } from './rollout-memory.ts';
import { startedEvent, takeOver } from './rollout-start.ts';
import { createStalls, type Stuck, stalledEvent } from './stalled.ts';

/** What a pass says about its next one; see the work queue. */
export interface PassResult {
  readonly lookAgainInMs?: number;
  readonly failed?: boolean;
  /** Why there is to be a next one, for the debug log. */
  readonly detail?: string;
}

export interface ReconcilerParts {
  readonly policy: Policy;
  readonly clock: Clock;
  readonly look: (key: TargetKey) => Promise<DepLook>;
  readonly store: Pick<StateStore, 'readRecord' | 'writeRecord' | 'readLast' | 'writeLast'>;
  readonly cluster: Pick<
    Cluster,
    'readDeployment' | 'patchDeployment' | 'mayPatch' | 'readNamespace' | 'createNamespace'
  >;
  readonly observer: Pick<Observer, 'deployment' | 'rollout' | 'follow' | 'release' | 'reachable'>;
  readonly report: (event: EngineEvent) => Promise<void>;
  readonly gatherEvidence: EvidenceGatherer;
}

const UNSEEN: ClusterLook = { kind: 'unseen' };
/** How often a rollout is polled while no watch covers it, ms. */
const POLL_MS = 1_000;

export function createReconciler(parts: ReconcilerParts): { run(key: TargetKey): Promise<PassResult> } {
  const { policy, clock, store, cluster, observer, report } = parts;
  const eyes = createClusterEyes(cluster, observer);
  const records = createRecordKeeper(store, report);
  const memory = createRolloutMemory(clock);
  const stalls = createStalls(clock, () => observer.reachable);

  async function run(key: TargetKey): Promise<PassResult> {
    const result = await pass(key);
    if (result.failed !== true) stalls.over(key);
    return result;
  }

  async function pass(key: TargetKey): Promise<PassResult> {
    const desired = await lookAt(key);
    const record = await records.read(key);
    const last = record === undefined ? await store.readLast(key) : undefined;
    const parsed = parseTargetKey(key);
    const target = parsed.kind === 'target' ? parsed.target : undefined;
    const facts = { key, target, desired, last };

    if (target !== undefined) followRollout(key, target, record);
    let observation = observe(facts, record, await glance(key, target, record));
    let decision = decideOn(observation, record);
    if (decision.kind === 'look-fresh' && target !== undefined) {
      observation = observe(facts, record, await eyes.lookFresh(target));
      decision = decideOn(observation, record);
    }
    return act(observation, record, decision);
  }

  async function glance(
    key: TargetKey,
    target: Target | undefined,
    record: TargetRecord | undefined,
  ): Promise<ClusterLook> {
    if (target === undefined) return UNSEEN;
    const { elapsedMs } = memory.see(key, record?.attempt, UNSEEN);
    return eyes.glance(target, record, elapsedMs);
  }

  /** A misnamed file is refused for its name, whatever it holds; an empty one is not there yet. */
  async function lookAt(key: TargetKey): Promise<DepLook> {
    const look = await parts.look(key);
    const parsed = parseTargetKey(key);
    if (parsed.kind === 'target' || (look.kind !== 'wanted' && look.kind !== 'refused')) return look;
    return { kind: 'refused', content: look.content, problem: parsed.problem };
  }

  function observe(
    facts: Pick<Observation, 'key' | 'target' | 'desired' | 'last'>,
    record: TargetRecord | undefined,
    cluster: ClusterLook,
  ): Observation {
    return { ...facts, cluster, ...memory.see(facts.key, record?.attempt, cluster) };
  }

  function moment(): Moment {
    return { now: clock.now(), newId: randomUUID() };
  }

  function decideOn(observation: Observation, record: TargetRecord | undefined): Decision {
    const decision = decide(observation, record, policy, moment());
    if (observation.cluster.kind === 'deployment') memory.dropUnasked(observation.key);
    return decision;
  }

  async function act(
    observation: Observation,
    record: TargetRecord | undefined,
    decision: Decision,
  ): Promise<PassResult> {
    const { key } = observation;
    switch (decision.kind) {
      case 'nothing':
        observer.release(key);
        memory.forget(key);
        return {};
      case 'look-fresh':
        // Asked for even after a GET: no rule does so, but if one did, it must not look again without a pause.
        return { failed: true };
      case 'wait':
        return { lookAgainInMs: pollCapped(observation, record, decision.lookAgainInMs), detail: decision.detail };
      case 'retry':
        return tryAgain(observation, record, { at: 'look', error: decision.error });
      case 'remember':
        await records.keep(key, decision.record);
        return decision.lookAgainInMs === undefined ? {} : { lookAgainInMs: decision.lookAgainInMs };
      case 'patch':
        return patch(observation, record, decision);
      case 'create-namespace':
        return createNamespace(observation, record, decision);
      case 'conclude':
        return conclude(observation, decision);
      default:
        return decision satisfies never;
    }
  }

  /** Where no watch wakes the target, a long wait would be a blind one. */
  function pollCapped({ target, cluster }: Observation, record: TargetRecord | undefined, ms: number): number {
    if (target === undefined || runningAttempt(record) === undefined) return ms;
    // A rollout that had to be read is one the watch does not show, whatever it says of itself.
    const isWatched = eyes.isLive(target) && !(cluster.kind === 'deployment' && cluster.fresh);
    return isWatched ? ms : Math.min(ms, POLL_MS);
  }

  async function patch(
    observation: Observation,
    before: TargetRecord | undefined,
    decision: Extract<Decision, { kind: 'patch' }>,
  ): Promise<PassResult> {
    const { key, target } = observation;
    const { record, pending } = decision;
    if (target === undefined) return {};
    // The fence needs a reading that is later than the GET.
    const now = await lookAt(key);
    if (now.kind !== 'wanted' || now.content !== pending.content) return { lookAgainInMs: 0 };
    await records.keep(key, record, decision.givenUp);
    try {
      const attempt = applied(pending, await cluster.patchDeployment(target, decision.patch));
      const taken = takeOver({ observation, record, moment: moment() }, attempt);
      // Its time runs from now, by the clock that does not jump.
      memory.see(key, attempt, UNSEEN);
      followRollout(key, target, taken.record);
      await records.keep(key, taken.record, taken.superseded);
      await report(startedEvent(observation, taken.record, attempt, clock.now()));
      return { lookAgainInMs: 0 };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // 404: the Deployment went after the GET, or an admission webhook answers so; the next GET tells which.
      if (isTransient(error) || error.kind === 'not-found') {
        return tryAgain(observation, record, { at: 'change', error });
      }
      // An account that has the right to patch was refused by a policy.
      const by = error.kind === 'forbidden' && !(await cluster.mayPatch(target)) ? 'rights' : 'server';
      const mayBeApplied = before?.pending?.id === pending.id;
      const refusal = { cause: error.detail || error.message, by, mayBeApplied } as const;
      const of = { observation, record, policy, moment: moment() };
      return act(observation, record, decideRefusedPatch(of, pending, refusal));
    }
  }

  /** Comes back with growing delays, and tells so when that has gone on for too long. */
  async function tryAgain(
    observation: Observation,
    record: TargetRecord | undefined,
    met: { readonly at: Stuck; readonly error: ApiError },
  ): Promise<PassResult> {
    const { key } = observation;
    const { message, retryAfterMs } = met.error;
    const forMs = stalls.met(key);
    if (forMs !== undefined) {
      const event = stalledEvent(observation, record, { ...met, forMs }, clock.now());
      const isAnswer = record?.phase === 'rolling-out' && met.at === 'change';
      if (isAnswer) await records.keep(key, { ...record, summary: event.summary, evidence: [message] }, event);
      else await report(event);
    }
    return { failed: true, detail: message, ...(retryAfterMs === undefined ? {} : { lookAgainInMs: retryAfterMs }) };
  }

  async function createNamespace(
    observation: Observation,
    record: TargetRecord | undefined,
    decision: Extract<Decision, { kind: 'create-namespace' }>,
  ): Promise<PassResult> {
    try {
      await cluster.createNamespace(decision.namespace);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isTransient(error)) return tryAgain(observation, record, { at: 'change', error });
      const refused: Observation = { ...observation, cluster: { kind: 'error', error } };
      return act(refused, record, decideOn(refused, record));
    }
    return conclude(observation, decision.conclude);
  }

  /** `.last` first, then the record, then the sinks: a crash in between repeats, and loses nothing. */
  async function conclude(observation: Observation, decision: Conclusion): Promise<PassResult> {
    const { key, target } = observation;
    const { event, record } = target === undefined ? decision : await parts.gatherEvidence(target, decision);
    if (decision.last !== undefined) await store.writeLast(key, decision.last);
    await records.keep(key, record, event);
    // The next pass lets go of what this one followed, or goes on with what follows from it.
    return target === undefined ? {} : { lookAgainInMs: 0 };
  }

  function followRollout(key: TargetKey, target: Target, record: TargetRecord | undefined): void {
    if (wantsPods(record, policy, clock.now())) observer.follow(key, target.namespace);
    else observer.release(key);
  }

  return { run };
}
