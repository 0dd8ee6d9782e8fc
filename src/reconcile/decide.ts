/**
 * The heart: from what is seen and what is remembered to what is to be done. Pure; every rule about versions, rollouts,
 * failures, rollback, drift and refusal is here or in the pure functions called from here.
 */
import type { DepLook } from '../domain/dep-look.ts';
import type { Attempt, TargetRecord } from '../domain/record.ts';
import { runningAttempt, runsImageOf } from './attempt-marks.ts';
import { answerContent, subjectOf } from './conclusions.ts';
import { decideAdopt } from './decide-adopt.ts';
import { decideDeploy, type Moment } from './decide-deploy.ts';
import { decideParked, decideParkedBehind, wasRefusedJustNow } from './decide-parked.ts';
import { decideRunning } from './decide-running.ts';
import { decideSettled } from './decide-settled.ts';
import { decideUnanswered } from './decide-unanswered.ts';
import type { Decision, Observation } from './decision.ts';
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
  switch (desired.kind) {
    case 'refused':
      if (record?.content !== desired.content) return refuseContent(observation, record, desired, moment.now);
      break;
    case 'wanted': {
      const order: Order = { kind: 'deploy', content: desired.content, request: desired.request };
      if (record?.content !== desired.content) return decideNewContent(observation, record, order, policy, moment);
      return decideSameContent(observation, record, order, policy, moment);
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
  return decideOpen(observation, record, running, policy, moment.now);
}

/** An attempt that is open whatever the file says now. */
function decideOpen(
  observation: Observation,
  record: TargetRecord,
  running: Attempt,
  policy: Policy,
  now: number,
): Decision {
  return running.generation === undefined
    ? decideUnanswered(observation, record, running, idle(observation.desired), now)
    : decideRunning(observation, record, running, policy, now);
}

/** The file holds what the record answers. */
function decideSameContent(
  observation: Observation,
  record: TargetRecord,
  order: Order,
  policy: Policy,
  moment: Moment,
): Decision {
  const running = runningAttempt(record);
  if (running === undefined) return decideSettled(observation, record, order, policy, moment);
  if (running.content === order.content) {
    if (running.generation !== undefined) return decideRunning(observation, record, running, policy, moment.now);
    if (wasRefusedJustNow(record, moment.now)) return decideParked(observation, record, order, policy, moment);
    // Not answered yet: the patch was not sent, or its answer was lost.
    return decideDeploy(observation, record, { ...order, ...unansweredOrder(running) }, policy, moment);
  }
  return record.phase === 'blocked' && running.generation !== undefined
    ? decideParkedBehind(observation, record, running, order, policy, moment)
    : decideOpen(observation, record, running, policy, moment.now);
}

/** What a rollback or a correction brings is what was verified; a deployment follows the file. */
function unansweredOrder(attempt: Attempt): Partial<Order> {
  return attempt.kind === 'deploy' ? {} : { kind: attempt.kind, ...orderAgain(attempt) };
}

function decideNewContent(
  observation: Observation,
  record: TargetRecord | undefined,
  order: Order,
  policy: Policy,
  moment: Moment,
): Decision {
  const { version, container } = order.request;
  if (record === undefined && observation.last === version) return decideAdopt(observation, order, policy, moment);
  const { attempt } = record ?? {};
  const meansTheSame =
    record !== undefined &&
    attempt?.kind === 'deploy' &&
    attempt.generation !== undefined &&
    attempt.version === version &&
    (container === undefined || container === attempt.container);
  // Another comment or another newline is no other order.
  if (meansTheSame && attempt.endedAt === undefined) {
    return { kind: 'remember', record: resumed(observation, record, attempt, order), lookAgainInMs: 0 };
  }
  if (meansTheSame && record.phase === 'succeeded' && allowsNamespace(policy, observation.target?.namespace ?? '')) {
    const { cluster } = observation;
    if (cluster.kind === 'unseen') return { kind: 'look-fresh' };
    if (cluster.kind === 'deployment' && runsImageOf(cluster.deployment, attempt)) {
      const { content } = order;
      return { kind: 'remember', record: { ...record, content, attempt: { ...attempt, content } }, lookAgainInMs: 0 };
    }
  }
  return decideDeploy(observation, record, order, policy, moment);
}

/** The rollout goes on, now for the new bytes: also when what stood in the file in between had an answer of its own. */
function resumed(observation: Observation, record: TargetRecord, attempt: Attempt, order: Order): TargetRecord {
  const { finishedAt: _finishedAt, blockedBy: _blockedBy, ...kept } = record;
  const { content } = order;
  const { version, startedAt } = attempt;
  const summary = `${subjectOf(observation)} ${version} is being deployed`;
  return { ...kept, phase: 'rolling-out', version, content, summary, startedAt, attempt: { ...attempt, content } };
}

function refuseContent(
  observation: Observation,
  record: TargetRecord | undefined,
  desired: Extract<DepLook, { kind: 'refused' }>,
  now: number,
): Decision {
  const { content, line, problem } = desired;
  const cause = line === undefined ? problem : `line ${line}: ${problem}`;
  return answerContent(observation, record, { outcome: 'refused', content, version: '', cause }, now);
}

function idle(desired: DepLook): Decision {
  if ((desired.kind === 'not-ready' || desired.kind === 'unreadable') && desired.lookAgainInMs !== undefined) {
    const detail = desired.kind === 'unreadable' ? desired.problem : 'the dep file is still being written';
    return { kind: 'wait', lookAgainInMs: desired.lookAgainInMs, detail };
  }
  return { kind: 'nothing' };
}
