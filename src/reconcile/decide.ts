/**
 * The heart: from what is seen and what is remembered to what is to be done. Pure; every rule about versions, rollouts,
 * failures, rollback, drift and refusal is here or in the pure functions called from here.
 */
import type { DepLook } from '../domain/dep-look.ts';
import type { PendingAttempt, TargetRecord } from '../domain/record.ts';
import { carries, runningAttempt, runsImageOf } from './attempt.ts';
import { answerContent } from './conclusions.ts';
import { decideAdopt } from './decide-adopt.ts';
import { decideDeploy } from './decide-deploy.ts';
import { decideParked, wasRefusedJustNow } from './decide-parked.ts';
import { decidePending } from './decide-pending.ts';
import { decideRunning } from './decide-running.ts';
import { decideSettled } from './decide-settled.ts';
import type { Case, Decision, Moment, Observation, OrderCase, Remembered } from './decision.ts';
import { type Order, orderAgain } from './order.ts';
import { allowsNamespace, type Policy } from './policy.ts';
import { resumed } from './rollout-start.ts';

/**
 * Decides one pass.
 *
 * @param record what is remembered of the target; undefined for one never seen
 * @param moment `now` in epoch ms; `newId` is the id a new attempt gets
 * @returns what to do; what leaves something open says when to look again, or is looked at again at once
 */
export function decide(
  observation: Observation,
  record: TargetRecord | undefined,
  policy: Policy,
  moment: Moment,
): Decision {
  const { desired } = observation;
  const of: Case = { observation, record, policy, moment };
  switch (desired.kind) {
    case 'refused':
      if (record?.content !== desired.content) return refuseContent(of, desired);
      break;
    case 'wanted': {
      const order: Order = { kind: 'deploy', content: desired.content, request: desired.request };
      return record?.content === desired.content
        ? decideSameContent({ ...of, record, order })
        : decideNewContent({ ...of, order });
    }
    case 'absent':
    case 'not-ready':
    case 'unreadable':
      break;
    default:
      return desired satisfies never;
  }
  return record === undefined ? idle(desired) : decideOpen({ ...of, record });
}

/** The decision, with the earlier of the two next looks when both wait. */
function withFirstLook(decision: Decision, other: Decision): Decision {
  if (decision.kind !== 'wait' || other.kind !== 'wait') return decision;
  return { ...decision, lookAgainInMs: Math.min(decision.lookAgainInMs, other.lookAgainInMs) };
}

/** Attempts go on to their end whatever the file says now. */
function decideOpen(of: Remembered): Decision {
  const { pending } = of.record;
  const running = runningAttempt(of.record);
  // A file that is being written is looked at again when it is ready, however long a rollout takes.
  const meanwhile = idle(of.observation.desired);
  if (pending !== undefined) {
    const decided = olderFirst(of, () => decidePending(of, pending, meanwhile));
    return withFirstLook(decided, meanwhile);
  }
  return running === undefined ? meanwhile : withFirstLook(decideRunning(of, running), meanwhile);
}

/**
 * What is decided about a newer content that waits, unless the rollout of an older one has something to tell: until the
 * newer one is applied over it, the older one is judged like any other.
 */
function olderFirst(of: Remembered, newer: () => Decision): Decision {
  const { record, observation } = of;
  const { cluster } = observation;
  const running = runningAttempt(record);
  // Applied after all: what the Deployment shows now says nothing of the older rollout.
  const isOver =
    cluster.kind === 'deployment' && record.pending !== undefined && carries(cluster.deployment, record.pending);
  if (running === undefined || isOver) return newer();
  const judged = decideRunning(of, running);
  if (judged.kind !== 'wait' && judged.kind !== 'retry') return judged;
  const decided = newer();
  if (judged.kind === 'retry') return decided;
  return decided.kind === 'nothing' || decided.kind === 'wait' ? withFirstLook(judged, decided) : decided;
}

/** The file holds what the record answers. */
function decideSameContent(of: Remembered<OrderCase>): Decision {
  const { record, order, moment } = of;
  const { pending, phase } = record;
  if (pending === undefined) {
    if (runningAttempt(record) === undefined) return decideSettled(of);
    // The file had gone before its version was applied, and is back: it does not wait for the older one.
    if (phase === 'superseded') return decideDeploy(of);
    return phase === 'blocked' ? olderFirst(of, () => decideParked(of)) : decideOpen(of);
  }
  if (pending.content !== order.content) return decideOpen(of);
  if (wasRefusedJustNow(record, moment.now)) return olderFirst(of, () => decideParked(of));
  // Not answered yet: the patch was not sent, or its answer was lost.
  return olderFirst(of, () => decideDeploy({ ...of, order: { ...order, ...pendingOrder(pending) } }));
}

/** What a rollback or a correction brings is what was verified; a deployment follows the file. */
function pendingOrder(pending: PendingAttempt): Partial<Order> {
  return pending.kind === 'deploy' ? {} : { kind: pending.kind, ...orderAgain(pending) };
}

function decideNewContent(of: OrderCase): Decision {
  const { observation, record, order, policy } = of;
  const { version, container } = order.request;
  if (record === undefined && observation.last === version) return decideAdopt(of);
  const { attempt, pending } = record ?? {};
  const meansTheSame =
    record !== undefined &&
    pending === undefined &&
    attempt?.kind === 'deploy' &&
    attempt.version === version &&
    (container === undefined || container === attempt.container);
  // Once a patch was accepted, another comment or newline in the file does not make another order.
  if (meansTheSame && attempt.endedAt === undefined) {
    const { content } = order;
    return { kind: 'remember', record: resumed(observation, record, { ...attempt, content }), lookAgainInMs: 0 };
  }
  if (meansTheSame && record.phase === 'succeeded' && allowsNamespace(policy, observation.target?.namespace ?? '')) {
    const { cluster } = observation;
    if (cluster.kind === 'unseen') return { kind: 'look-fresh' };
    if (cluster.kind === 'deployment' && runsImageOf(cluster.deployment, attempt)) {
      const { content } = order;
      return { kind: 'remember', record: { ...record, content, attempt: { ...attempt, content } }, lookAgainInMs: 0 };
    }
  }
  return decideDeploy(of);
}

function refuseContent(of: Case, { content, line, problem }: Extract<DepLook, { kind: 'refused' }>): Decision {
  const cause = line === undefined ? problem : `line ${line}: ${problem}`;
  return answerContent(of, { outcome: 'refused', content, version: '', cause });
}

function idle(desired: DepLook): Decision {
  if ((desired.kind === 'not-ready' || desired.kind === 'unreadable') && desired.lookAgainInMs !== undefined) {
    const detail = desired.kind === 'unreadable' ? desired.problem : 'the dep file is still being written';
    return { kind: 'wait', lookAgainInMs: desired.lookAgainInMs, detail };
  }
  return { kind: 'nothing' };
}
