/**
 * One target in a small world: the engine's real passes over a modelled cluster, disk and directory. At every call the
 * engine makes, the world may do something first: write the file, let the controller work, deliver an old request,
 * crash the engine. All in order, so that a run can be told again from its script.
 */

import type { JsonPatchOperation } from '../../src/cluster/cluster.ts';
import type { DepLook } from '../../src/domain/dep-look.ts';
import type { TargetEvent } from '../../src/domain/event.ts';
import type { PendingAttempt, TargetRecord } from '../../src/domain/record.ts';
import { ATTEMPT_ANNOTATION } from '../../src/domain/signature.ts';
import { targetKey } from '../../src/domain/target.ts';
import { runningAttempt } from '../../src/reconcile/attempt.ts';
import { createReconciler, type PassResult, type ReconcilerParts } from '../../src/reconcile/pass.ts';
import { type AcceptedPatch, BrokenPromise, type DeployHistory } from './deploy-history.ts';
import type { Act, Happening, Script } from './deploy-scripts.ts';
import { type DeploymentModel, lookOf } from './deployment-model.ts';
import { createManualClock } from './manual-clock.ts';
import { STORY_POLICY } from './rollout-story.ts';
import { type ClusterSabotage, createWorldCluster } from './world-cluster.ts';

/** Deliberate faults in the engine, to see that this world would notice them. */
export interface Sabotage extends ClusterSabotage {
  /** Loses what it is to remember. */
  readonly forgets?: (record: TargetRecord) => boolean;
}

class Crash extends Error {}

const KEY = targetKey({ service: 'web', namespace: 'prod' });
/** A target that has come to rest asks for no pass; one that asks so often never will. */
const CALM_PASSES = 400;
/** After these another image than the told one may run. */
const MEDDLING: ReadonlySet<Happening['kind']> = new Set(['foreign', 'recreate', 'delete']);

/** Plays the script; throws a `BrokenPromise` when something is not as it must be at any moment or at rest. */
export async function playWorld(script: Script, sabotage: Sabotage = {}): Promise<DeployHistory> {
  const clock = createManualClock();
  const policy = { ...STORY_POLICY, ...script.policy };
  const writes: string[] = [];
  const accepted: AcceptedPatch[] = [];
  const told: TargetEvent[] = [];
  const attempts = new Map<string, PendingAttempt>();
  let act: Act | undefined;
  let [file, record, last]: [string?, TargetRecord?, string?] = [];
  let [crashes, happened, fated, calm, isMeddledWith] = [0, 0, 0, false, false];

  const cluster = createWorldCluster({ fate: nextFate, onAccepted, sabotage });
  /** What the engine knows of the file: a later change is a hint for another pass. */
  let lastLook = look();
  let engine = createReconciler(parts());

  for (act of script.acts) {
    [calm, happened, fated] = [false, 0, 0];
    while (happened < act.happenings.length) await pass();
    await rest();
    checkRest();
  }
  return history();

  /** Between two steps of the engine. */
  function meanwhile(): void {
    const next = calm ? undefined : act?.happenings[happened];
    happened += 1;
    if (next !== undefined) happen(next);
    cluster.noteCompletion();
  }

  function nextFate() {
    const next = calm ? undefined : act?.fates[fated];
    fated += 1;
    return next ?? 'answered';
  }

  function happen(happening: Happening): void {
    isMeddledWith ||= MEDDLING.has(happening.kind);
    switch (happening.kind) {
      case 'nothing':
        break;
      case 'write':
        file = happening.text;
        if (look().kind === 'wanted') writes.push(contentOf(file));
        break;
      case 'remove-file':
        file = undefined;
        break;
      case 'time':
        clock.advance(happening.ms);
        break;
      case 'crash':
        crashes += 1;
        throw new Crash();
      default:
        cluster.happen(happening);
    }
  }

  function look(): DepLook {
    if (file === undefined) return { kind: 'absent' };
    const version = file.split('#')[0] ?? '';
    if (version === '') return calm ? { kind: 'not-ready' } : { kind: 'not-ready', lookAgainInMs: 100 };
    if (version.startsWith('!')) return { kind: 'refused', content: contentOf(file), line: 1, problem: 'no version' };
    return { kind: 'wanted', content: contentOf(file), request: { version } };
  }

  function onAccepted(before: DeploymentModel, after: DeploymentModel): void {
    const attempt = attempts.get(after.annotations[ATTEMPT_ANNOTATION] ?? '');
    if (attempt === undefined) throw new BrokenPromise('a patch was sent for an attempt that nobody had recorded');
    const changesTemplate = after.generation !== before.generation;
    accepted.push({ uid: after.uid, attempt, changesTemplate, written: writes.length, step: cluster.step });
  }

  async function pass(): Promise<PassResult> {
    try {
      meanwhile();
      const result = await engine.run(KEY);
      checkResult(result);
      return result;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      engine = createReconciler(parts());
      return { lookAgainInMs: 0 };
    }
  }

  async function rest(): Promise<void> {
    calm = true;
    while (cluster.hasRequestsUnderWay) happen({ kind: 'deliver' });
    happen(cluster.model === undefined ? { kind: 'recreate' } : { kind: 'resume' });
    for (let passes = 0, quiet = 0; quiet < 3; passes += 1) {
      if (passes > CALM_PASSES) throw new BrokenPromise('the target never comes to rest');
      happen({ kind: 'controller' });
      happen({ kind: 'watch' });
      const result = await pass();
      quiet = result.lookAgainInMs === undefined && result.failed !== true ? quiet + 1 : 0;
      clock.advance(result.lookAgainInMs ?? 1_000);
    }
  }

  function parts(): ReconcilerParts {
    return {
      policy,
      clock,
      gatherEvidence: async (_target, conclusion) => conclusion,
      look: async () => {
        meanwhile();
        lastLook = look();
        return lastLook;
      },
      report: async (event) => {
        meanwhile();
        if (event.kind !== 'target') return;
        told.push(event);
        checkSuccess(event);
      },
      store: {
        readRecord: async () => record,
        readLast: async () => last,
        writeRecord: async (_key, next) => {
          meanwhile();
          if (sabotage.forgets?.(next) === true) return;
          record = next;
          if (next.pending !== undefined) attempts.set(next.pending.id, next.pending);
        },
        writeLast: async (_key, version) => {
          meanwhile();
          last = version;
        },
      },
      cluster: {
        readDeployment: async () => {
          meanwhile();
          return cluster.read();
        },
        patchDeployment: async (_target, patch) => {
          meanwhile();
          return cluster.send(patch.map(known));
        },
        mayPatch: async () => false,
        readNamespace: async () => ({ terminating: false }),
        createNamespace: async () => undefined,
      },
      observer: {
        deployment: () => ({ view: cluster.watched?.view, live: script.live }),
        rollout: () => ({ ...rolloutWatched(), synced: true, unreadable: [] }),
        follow: () => undefined,
        release: () => undefined,
        reachable: true,
      },
    };
  }

  function rolloutWatched() {
    return cluster.watched === undefined ? { replicaSets: [], pods: [] } : lookOf(cluster.watched.model);
  }

  function checkSuccess({ what, id, image }: TargetEvent): void {
    if (what !== 'succeeded' && what !== 'rolled-back' && what !== 'recovered') return;
    const patch = accepted.findLast(({ attempt }) => id.startsWith(`${attempt.id}:`));
    if (patch === undefined) throw new BrokenPromise(`${id}: a success of what was never applied`);
    if (!cluster.wasComplete(image, patch.step)) {
      throw new BrokenPromise(`${id}: ${image} was told complete and was not`);
    }
  }

  /** One that was never applied may wait for a file that is not ready: its content can come back. */
  function isOpen(of: TargetRecord): boolean {
    return runningAttempt(of) !== undefined || (of.pending !== undefined && lastLook.kind !== 'not-ready');
  }

  /** A pass that asks for no other one leaves nothing open. */
  function checkResult(result: PassResult): void {
    const readyInMs = lastLook.kind === 'not-ready' ? lastLook.lookAgainInMs : undefined;
    if (readyInMs !== undefined && result.failed !== true && (result.lookAgainInMs ?? readyInMs + 1) > readyInMs) {
      throw new BrokenPromise('a file is being written, and nobody looks when it is ready');
    }
    if (result.lookAgainInMs !== undefined || result.failed === true || record === undefined) return;
    if (isOpen(record)) throw new BrokenPromise('a rollout runs, and nobody looks');
    if (record.phase === 'blocked' && lastLook.kind === 'wanted') {
      throw new BrokenPromise('a content is parked, and nobody looks');
    }
  }

  function checkRest(): void {
    const wanted = look();
    if (record !== undefined && isOpen(record)) throw new BrokenPromise('an attempt is left open');
    if (wanted.kind !== 'wanted' && wanted.kind !== 'refused') return;
    if (record?.content !== wanted.content) throw new BrokenPromise(`${wanted.content} has no answer`);
    if (wanted.kind !== 'wanted') return;
    if (record.phase === 'rolling-out' || record.phase === 'blocked') {
      throw new BrokenPromise(`${wanted.content} is left ${record.phase}`);
    }
    if (record.phase !== 'succeeded' || isMeddledWith) return;
    const { version } = wanted.request;
    const image = `${policy.repo}/web:${version}`;
    const runs = cluster.model?.image;
    if (runs !== image) throw new BrokenPromise(`${image} was told a success and ${runs} runs`);
    if (last !== version) throw new BrokenPromise(`.last holds ${last} after a success of ${version}`);
  }

  function history(): DeployHistory {
    const attempts = [runningAttempt(record), record?.pending].filter((attempt) => attempt !== undefined);
    const open = new Set(attempts.map(({ id }) => id));
    return { writes, accepted, told, crashes, open };
  }
}

function contentOf(text: string): string {
  return `content:${text}`;
}

/** The engine's patches hold no `remove`, which the API knows too. */
function known(operation: {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}): JsonPatchOperation {
  const { op, path, value } = operation;
  if (op !== 'test' && op !== 'add' && op !== 'replace') throw new Error(`the engine sends no ${op}`);
  return { op, path, value };
}
