/**
 * The heart: from what is seen and what is remembered to what is to be done. Pure; every rule about versions, rollouts,
 * failures, rollback, drift and refusal is here or in the pure functions called from here.
 */
import type { DepLook } from '../domain/dep-look.ts';
import { type Attempt, RECORD_SCHEMA, type TargetRecord } from '../domain/record.ts';
import { answerContent, memoryOf, subjectOf } from './conclusions.ts';
import { decideDeploy, type Order } from './decide-deploy.ts';
import { decideRunning } from './decide-running.ts';
import { decideSettled } from './decide-settled.ts';
import type { Decision, Observation } from './decision.ts';
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
  moment: { readonly now: number; readonly newId: string },
): Decision {
  const { desired } = observation;
  const running = runningAttempt(record);
  switch (desired.kind) {
    case 'refused':
      if (record?.content !== desired.content) return refuseContent(observation, record, desired, moment.now);
      break;
    case 'wanted': {
      const order: Order = { kind: 'deploy', content: desired.content, request: desired.request };
      if (record?.content !== desired.content) return decideNewContent(observation, record, order, policy, moment);
      // Not answered yet: the patch was not sent, or its answer was lost.
      if (running !== undefined && running.generation === undefined) {
        return decideDeploy(observation, record, { ...order, ...orderOf(running) }, policy, moment);
      }
      if (running === undefined) return decideSettled(observation, record, order, policy, moment);
      break;
    }
    case 'absent':
      if (record !== undefined && running !== undefined && running.generation === undefined) {
        return withdraw(observation, record, running, moment.now);
      }
      break;
    case 'not-ready':
    case 'unreadable':
      break;
    default:
      return desired satisfies never;
  }
  if (record !== undefined && running?.generation !== undefined) {
    return decideRunning(observation, record, running, policy, moment.now);
  }
  return idle(desired);
}

/** The attempt whose rollout is not concluded, if there is one. */
export function runningAttempt(record: TargetRecord | undefined): Attempt | undefined {
  return record?.attempt?.endedAt === undefined ? record?.attempt : undefined;
}

/** The image of a rollback is the verified one, not what today's settings would make of its version. */
function orderOf(attempt: Attempt): Partial<Order> {
  if (attempt.kind !== 'rollback') return { kind: attempt.kind };
  const { kind, version, container, image } = attempt;
  return { kind, request: { version, container }, image };
}

function decideNewContent(
  observation: Observation,
  record: TargetRecord | undefined,
  order: Order,
  policy: Policy,
  moment: { readonly now: number; readonly newId: string },
): Decision {
  const { version, container } = order.request;
  if (record === undefined && observation.last === version) return adopt(observation, order, moment.now);
  const { attempt } = record ?? {};
  const meansTheSame =
    record !== undefined &&
    attempt?.kind === 'deploy' &&
    attempt.generation !== undefined &&
    attempt.version === version &&
    (container === undefined || container === attempt.container);
  // Another comment or another newline is no other order.
  if (meansTheSame && attempt.endedAt === undefined) {
    return { kind: 'remember', record: { ...record, ...renamed(record, attempt, order) }, lookAgainInMs: 0 };
  }
  if (meansTheSame && record.phase === 'succeeded' && allowsNamespace(policy, observation.target?.namespace ?? '')) {
    const { cluster } = observation;
    if (cluster.kind === 'unseen') return { kind: 'look-fresh' };
    if (cluster.kind === 'deployment' && runs(cluster.deployment, attempt)) {
      return { kind: 'remember', record: { ...record, ...renamed(record, attempt, order) } };
    }
  }
  return decideDeploy(observation, record, order, policy, moment);
}

function runs(
  deployment: {
    readonly uid: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  },
  attempt: Attempt,
): boolean {
  const image = deployment.containers.find((container) => container.name === attempt.container)?.image;
  return deployment.uid === attempt.uid && image === (attempt.appliedImage ?? attempt.image);
}

/** The same answer, now for the new bytes. */
function renamed(record: TargetRecord, attempt: Attempt, order: Order): Partial<TargetRecord> {
  const { content } = order;
  return {
    content,
    attempt: { ...attempt, content },
    ...(record.phase === 'rolling-out' ? {} : { startedAt: record.startedAt }),
  };
}

/** A `.last` without a record is an earlier engine's: what it completed is not deployed again. */
function adopt(observation: Observation, order: Order, now: number): Decision {
  const { version } = order.request;
  return {
    kind: 'remember',
    record: {
      schema: RECORD_SCHEMA,
      phase: 'succeeded',
      version,
      content: order.content,
      summary: `${subjectOf(observation)} ${version} was deployed before this engine first looked`,
      evidence: [],
      startedAt: now,
      finishedAt: now,
      past: [],
    },
  };
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

/** The file went away before its version was sent: nothing is deployed, and nothing is left open. */
function withdraw(observation: Observation, record: TargetRecord, attempt: Attempt, now: number): Decision {
  const { content, version } = attempt;
  const cause = 'the dep file was removed before it was applied';
  const memory = memoryOf(record);
  return answerContent(
    observation,
    { ...record, ...memory, attempt: { ...attempt, endedAt: now } },
    { outcome: 'superseded', content, version, cause },
    now,
  );
}

function idle(desired: DepLook): Decision {
  if ((desired.kind === 'not-ready' || desired.kind === 'unreadable') && desired.lookAgainInMs !== undefined) {
    const detail = desired.kind === 'unreadable' ? desired.problem : 'the dep file is still being written';
    return { kind: 'wait', lookAgainInMs: desired.lookAgainInMs, detail };
  }
  return { kind: 'nothing' };
}
