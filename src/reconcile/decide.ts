/**
 * The heart: from what is seen and what is remembered to what is to be done. Pure; every rule about versions, rollouts,
 * failures, rollback, drift and refusal is here or in the pure functions called from here.
 */
import type { DepLook } from '../domain/dep-look.ts';
import type { Attempt, TargetRecord } from '../domain/record.ts';
import { runningAttempt, runsImageOf } from './attempt-marks.ts';
import { answerContent, resumed } from './conclusions.ts';
import { decideAdopt } from './decide-adopt.ts';
import { decideDeploy } from './decide-deploy.ts';
import { decideParked, decideParkedBehind, wasRefusedJustNow } from './decide-parked.ts';
import { decideRunning } from './decide-running.ts';
import { decideSettled } from './decide-settled.ts';
import { decideUnanswered } from './decide-unanswered.ts';
import type { Case, Decision, Moment, Observation, OrderCase, Remembered } from './decision.ts';
import { type Order, orderAgain } from './order.ts';
import { allowsNamespace, type Policy } from './policy.ts';

/**
 * Decides one pass.
 *
 * @param record what is remembered of the target; undefined for one never seen
 * @param moment `now` in epoch ms; `newId` is the id a new attempt gets
 * @returns either something concluded, or something that says when to look again
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
  const running = runningAttempt(record);
  if (record === undefined || running === undefined) return idle(desired);
  return decideOpen({ ...of, record }, running);
}

/** An attempt that is open whatever the file says now. */
function decideOpen(of: Remembered, running: Attempt): Decision {
  return running.generation === undefined
    ? decideUnanswered(of, running, idle(of.observation.desired))
    : decideRunning(of, running);
}

/** The file holds what the record answers. */
function decideSameContent(of: Remembered<OrderCase>): Decision {
  const { record, order, moment } = of;
  const running = runningAttempt(record);
  if (running === undefined) return decideSettled(of);
  if (running.content === order.content) {
    if (running.generation !== undefined) return decideRunning(of, running);
    if (wasRefusedJustNow(record, moment.now)) return decideParked(of);
    // Not answered yet: the patch was not sent, or its answer was lost.
    return decideDeploy({ ...of, order: { ...order, ...unansweredOrder(running) } });
  }
  return record.phase === 'blocked' && running.generation !== undefined
    ? decideParkedBehind(of, running)
    : decideOpen(of, running);
}

/** What a rollback or a correction brings is what was verified; a deployment follows the file. */
function unansweredOrder(attempt: Attempt): Partial<Order> {
  return attempt.kind === 'deploy' ? {} : { kind: attempt.kind, ...orderAgain(attempt) };
}

function decideNewContent(of: OrderCase): Decision {
  const { observation, record, order, policy } = of;
  const { version, container } = order.request;
  if (record === undefined && observation.last === version) return decideAdopt(of);
  const { attempt } = record ?? {};
  const meansTheSame =
    record !== undefined &&
    attempt?.kind === 'deploy' &&
    attempt.generation !== undefined &&
    attempt.version === version &&
    (container === undefined || container === attempt.container);
  // Another comment or another newline is no other order.
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
