/**
 * Every order of events, not some: daemons with one Deployment, a file that is written a, b, a, and a
 * network in which each patch may be delayed for ever and each sender may give up. Rollouts complete at once. The
 * daemons decide with the engine's own rules; only the steps of a pass are modelled.
 */

import type { JsonPatchOperation } from '../../src/cluster/cluster.ts';
import type { DepLook } from '../../src/domain/dep-look.ts';
import type { TargetRecord } from '../../src/domain/record.ts';
import { targetKey } from '../../src/domain/target.ts';
import { applied } from '../../src/reconcile/attempt.ts';
import { decide } from '../../src/reconcile/decide.ts';
import type { Decision, Observation } from '../../src/reconcile/decision.ts';
import { takeOver } from '../../src/reconcile/rollout-start.ts';
import {
  control,
  type DeploymentModel,
  lookOf,
  newDeployment,
  patched,
  REPOSITORY,
  viewOf,
} from './deployment-model.ts';
import { STORY_POLICY } from './rollout-story.ts';

export interface DaemonRules {
  readonly daemons: number;
  readonly mostPatches: number;
  /** The lock of a directory keeps this from happening on one machine. */
  readonly shareRecord?: boolean;
  /** The rule is to read the file once more after the GET. */
  readonly readsAgain: boolean;
  /** The patch that is sent for the one decided; nothing at all when it says so. */
  readonly send?: (
    patch: readonly JsonPatchOperation[],
    model: DeploymentModel,
  ) => readonly JsonPatchOperation[] | 'skip';
}

export interface Exploration {
  readonly states: number;
  /** The shortest way to a broken promise. */
  readonly broken?: { readonly what: string; readonly way: readonly string[] };
}

type PatchDecision = Pick<Extract<Decision, { kind: 'patch' }>, 'record' | 'pending' | 'patch'>;

type Daemon =
  | { readonly at: 'idle' }
  /** Has read the file, when it held this write, and the record. */
  | { readonly at: 'looked'; readonly write: number; readonly record: TargetRecord | undefined }
  | { readonly at: 'decided'; readonly write: number; readonly decision: PatchDecision }
  | { readonly at: 'ready'; readonly write: number; readonly decision: PatchDecision }
  | { readonly at: 'waiting'; readonly record: TargetRecord };

interface Request {
  readonly from: number;
  /** The write the sender had read last. */
  readonly write: number;
  readonly patch: readonly JsonPatchOperation[];
  /** Whether the sender still waits. */
  readonly isAwaited: boolean;
}

interface State {
  readonly write: number;
  /** One for each daemon, or one for all. */
  readonly records: readonly (TargetRecord | undefined)[];
  readonly model: DeploymentModel;
  readonly daemons: readonly Daemon[];
  readonly net: readonly Request[];
  readonly sent: number;
  readonly appliedWrite: number;
  readonly broken?: string;
}

const CONTENTS = ['a', 'b', 'a'];
const TARGET = { service: 'web', namespace: 'prod' };
const KEY = targetKey(TARGET);
const MOMENT = { now: 0, newId: '' };

/** Breadth first, so that a way that is found is a shortest one. */
export function explore(rules: DaemonRules): Exploration {
  const start: State = {
    write: 0,
    records: Array.from({ length: rules.shareRecord ? 1 : rules.daemons }, () => undefined),
    model: newDeployment('uid-1'),
    daemons: Array.from({ length: rules.daemons }, () => ({ at: 'idle' })),
    net: [],
    sent: 0,
    appliedWrite: -1,
  };
  const cameBy = new Map<string, readonly [string, string] | undefined>([[keyOf(start), undefined]]);
  let wave: readonly State[] = [start];
  while (wave.length > 0) {
    const next: State[] = [];
    for (const state of wave) {
      const what = state.broken ?? brokenAtRest(state);
      if (what !== undefined) return { states: cameBy.size, broken: { what, way: wayTo(keyOf(state), cameBy) } };
      for (const [step, successor] of successors(state, rules)) {
        const key = keyOf(successor);
        if (cameBy.has(key)) continue;
        cameBy.set(key, [keyOf(state), step]);
        next.push(successor);
      }
    }
    wave = next;
  }
  return { states: cameBy.size };
}

function wayTo(key: string, cameBy: ReadonlyMap<string, readonly [string, string] | undefined>): readonly string[] {
  const from = cameBy.get(key);
  return from === undefined ? [] : [...wayTo(from[0], cameBy), from[1]];
}

function keyOf(state: State): string {
  return JSON.stringify({ ...state, net: state.net.map((request) => JSON.stringify(request)).sort() });
}

/** The last write is told a success, nothing is under way, and something else runs. */
function brokenAtRest({ write, records, model, daemons, net }: State): string | undefined {
  const isQuiet = net.length === 0 && daemons.every(({ at }) => at === 'idle') && write === CONTENTS.length - 1;
  const isTold = records.every((record) => record?.phase === 'succeeded' && record.content === CONTENTS[write]);
  if (!isQuiet || !isTold) return undefined;
  const image = `${REPOSITORY}:${CONTENTS[write]}`;
  return model.image === image ? undefined : `${image} was told a success and ${model.image} runs`;
}

function successors(state: State, rules: DaemonRules): readonly (readonly [string, State])[] {
  const written = { ...state, write: state.write + 1 };
  return [
    ...(state.write < CONTENTS.length - 1 ? [[`write ${CONTENTS[written.write]}`, written] as const] : []),
    ...state.daemons.flatMap((daemon, index) => daemonSteps(state, daemon, index, rules)),
    ...state.net.map(
      (request) => [`the server gets #${request.write} of ${request.from}`, serve(state, request)] as const,
    ),
  ];
}

function daemonSteps(state: State, daemon: Daemon, index: number, rules: DaemonRules): (readonly [string, State])[] {
  const { write } = state;
  const record = recordOf(state, index);
  switch (daemon.at) {
    case 'idle':
      return [[`${index} looks`, moved(state, index, { at: 'looked', write, record })]];
    case 'looked':
      return [[`${index} gets`, decided(state, index, daemon)]];
    case 'decided': {
      if (!rules.readsAgain) return [[`${index} goes on`, moved(state, index, { ...daemon, at: 'ready' })]];
      const same = CONTENTS[write] === daemon.decision.record.content;
      return [
        [`${index} reads #${write}`, moved(state, index, same ? { ...daemon, at: 'ready', write } : { at: 'idle' })],
      ];
    }
    case 'ready':
      return state.sent < rules.mostPatches ? [[`${index} patches`, sent(state, index, daemon, rules)]] : [];
    case 'waiting': {
      const net = state.net.map((request) => (request.from === index ? { ...request, isAwaited: false } : request));
      return [[`${index} gives up`, { ...moved(state, index, { at: 'idle' }), net }]];
    }
    default:
      return daemon satisfies never;
  }
}

function moved(state: State, index: number, daemon: Daemon): State {
  return { ...state, daemons: state.daemons.with(index, daemon) };
}

function recordOf({ records }: State, index: number): TargetRecord | undefined {
  return records[records.length === 1 ? 0 : index];
}

function remembered(state: State, index: number, record: TargetRecord): State {
  const { records } = state;
  return { ...state, records: records.with(records.length === 1 ? 0 : index, withoutPast(record)) };
}

/** The GET of the pass, and what follows from it. */
function decided(state: State, index: number, daemon: Extract<Daemon, { at: 'looked' }>): State {
  const decision = decide(observationOf(state, daemon.write), daemon.record, STORY_POLICY, {
    ...MOMENT,
    newId: `${index}.${state.sent}`,
  });
  switch (decision.kind) {
    case 'patch': {
      const { record, pending, patch } = decision;
      return moved(state, index, {
        at: 'decided',
        write: daemon.write,
        decision: { record: withoutPast(record), pending, patch },
      });
    }
    case 'remember':
    case 'conclude':
      return remembered(moved(state, index, { at: 'idle' }), index, decision.record);
    default:
      return moved(state, index, { at: 'idle' });
  }
}

function observationOf(state: State, write: number): Observation {
  const content = CONTENTS[write] ?? '';
  const desired: DepLook = { kind: 'wanted', content, request: { version: content } };
  return {
    key: KEY,
    target: TARGET,
    desired,
    last: undefined,
    cluster: { kind: 'deployment', deployment: viewOf(state.model), look: lookOf(state.model), fresh: true },
    elapsedMs: 0,
    idleMs: 0,
    watchedMs: 0,
    completeForMs: 0,
    ageOf: () => 0,
  };
}

/** Bounded by what the rules ask of it here: the past, and how an older rollout ends, is for people. */
function withoutPast(record: TargetRecord): TargetRecord {
  const { usualMs: _usualMs, attempt, ...kept } = record;
  return {
    ...kept,
    ...(attempt === undefined || kept.pending !== undefined ? {} : { attempt }),
    past: [],
    summary: '',
  };
}

function sent(state: State, index: number, daemon: Extract<Daemon, { at: 'ready' }>, rules: DaemonRules): State {
  const record = withoutPast(daemon.decision.record);
  const patch = rules.send?.(daemon.decision.patch, state.model) ?? daemon.decision.patch;
  const next = { ...remembered(state, index, record), sent: state.sent + 1 };
  if (patch === 'skip') return answered(moved(next, index, { at: 'idle' }), index, record);
  const request: Request = { from: index, write: daemon.write, patch, isAwaited: true };
  return { ...moved(next, index, { at: 'waiting', record }), net: [...state.net, request] };
}

function answered(state: State, index: number, record: TargetRecord): State {
  const { pending } = record;
  if (pending === undefined) return state;
  const observation = observationOf(state, state.write);
  const attempt = applied(pending, viewOf(state.model));
  return remembered(state, index, takeOver({ observation, record, moment: MOMENT }, attempt).record);
}

function serve(state: State, request: Request): State {
  const net = state.net.filter((other) => other !== request);
  const after = patched(state.model, request.patch);
  const sender = state.daemons[request.from];
  const heard = request.isAwaited ? moved({ ...state, net }, request.from, { at: 'idle' }) : { ...state, net };
  if (after === undefined) return heard;
  const model = control(control(control(after)));
  const isOlder = request.write < state.appliedWrite;
  const next: State = {
    ...heard,
    model,
    appliedWrite: request.write,
    ...(isOlder ? { broken: `write #${request.write} went over #${state.appliedWrite}` } : {}),
  };
  return request.isAwaited && sender?.at === 'waiting' ? answered(next, request.from, sender.record) : next;
}
