/** The part of `decide` for a version that is to be brought to the cluster. */
import { isTransient } from '../domain/api-error.ts';
import type { TargetEvent } from '../domain/event.ts';
import { type Attempt, type Block, RECORD_SCHEMA, type TargetRecord } from '../domain/record.ts';
import type { Target } from '../domain/target.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { formatDuration } from '../rollout/words.ts';
import { applied, carries, runningAttempt, withoutUnapplied } from './attempt-marks.ts';
import { answerContent, driftOf, endAttempt, memoryOf, subjectOf, targetEvent, withPast } from './conclusions.ts';
import type { Conclusion, Decision, Observation, OrderCase } from './decision.ts';
import { fencedPatch } from './fence.ts';
import { chooseImage } from './order.ts';
import { parkedLookMs } from './parked-look.ts';
import { allowsNamespace } from './policy.ts';

export function decideDeploy(of: OrderCase): Decision {
  const { target, cluster } = of.observation;
  if (target === undefined) return { kind: 'nothing' };
  if (!allowsNamespace(of.policy, target.namespace)) {
    return refuse(of, `namespace ${target.namespace} is not allowed; name it in NAMESPACES`);
  }
  switch (cluster.kind) {
    case 'unseen':
      return { kind: 'look-fresh' };
    case 'error':
      if (isTransient(cluster.error)) return { kind: 'retry', error: cluster.error };
      return refusedByServer(of, cluster.error.detail || cluster.error.message);
    case 'no-deployment':
      if (cluster.namespace === 'unknown') return { kind: 'look-fresh' };
      return withoutDeployment(of, target, cluster.namespace);
    case 'deployment':
      if (!cluster.fresh) return { kind: 'look-fresh' };
      return withDeployment(of, cluster.deployment);
    default:
      return cluster satisfies never;
  }
}

function withoutDeployment(
  of: OrderCase,
  { service, namespace: name }: Target,
  namespace: 'present' | 'missing' | 'terminating',
): Decision {
  if (namespace === 'terminating') {
    return block(of, 'namespace-terminating', `namespace ${name} is being deleted; deployed when it is back`);
  }
  if (namespace === 'missing' && of.policy.createNamespaces) {
    // The first half is the original's own message.
    const cause =
      `New NameSpace created Kindly create a deployment file in the same ns ` +
      `(namespace ${name}; apply the manifest of Deployment ${service}, it is deployed by itself then)`;
    const parked = block(of, 'no-deployment', cause);
    return parked.kind === 'conclude' ? { kind: 'create-namespace', namespace: name, conclude: parked } : parked;
  }
  const where = namespace === 'missing' ? `no namespace ${name}` : `no Deployment ${service} in namespace ${name}`;
  return block(of, 'no-deployment', `${where}; apply its manifest, it is deployed by itself then`);
}

function withDeployment(of: OrderCase, deployment: DeploymentView): Decision {
  const { observation, record, order, policy } = of;
  const { now, newId } = of.moment;
  const running = runningAttempt(record);
  const unanswered = running?.generation === undefined ? running : undefined;
  if (record !== undefined && unanswered !== undefined && carries(deployment, unanswered)) {
    return takeAnswer(rollingOut(observation, record, applied(unanswered, deployment), now));
  }
  // An attempt whose patch was not answered is the same attempt again, not a second one.
  const repeated = unanswered?.content === order.content && unanswered.kind === order.kind;
  if (deployment.deleting) {
    return block(of, 'no-deployment', `Deployment ${deployment.name} is being deleted`);
  }
  const choice = chooseImage(deployment, order, policy.repo);
  if (choice.kind === 'refused') return refuse(of, choice.problem);
  if (deployment.paused) {
    const cause = `Deployment ${deployment.name} is paused; deployed after "kubectl rollout resume deployment/${deployment.name} -n ${deployment.namespace}"`;
    return block(of, 'paused', cause);
  }
  const attempt: Attempt = {
    id: repeated ? unanswered.id : newId,
    kind: order.kind,
    content: order.content,
    version: order.request.version,
    image: choice.image,
    container: choice.container,
    previousImage: choice.previousImage,
    // The clock of a rollout starts with the patch that the server takes, however long that had to be tried.
    startedAt: now,
  };
  const behind = unanswered === undefined ? running : record?.behind;
  // It may still be applied before this one, and is not waited for.
  const ended = repeated || unanswered === undefined ? undefined : supersede(observation, unanswered, attempt, now);
  const past = ended === undefined ? (record?.past ?? []) : withPast(record, ended.past);
  const isParked = record?.phase === 'blocked';
  const isTriedAgain = repeated && record?.phase === 'rolling-out';
  const goesOn = record?.content === attempt.content && (isParked || isTriedAgain);
  const started = goesOn ? { ...record, attempt, past } : startRecord(observation, record, attempt, past, now);
  return {
    kind: 'patch',
    record: behind === undefined ? started : { ...started, behind },
    patch: fencedPatch(deployment, choice.index, attempt),
    ...(ended === undefined ? {} : { givenUp: ended.event }),
  };
}

/** What follows from the answer to a patch: what to keep, and what to tell of the rollout that it ended. */
export interface Taken {
  readonly record: TargetRecord;
  readonly superseded?: TargetEvent;
}

/** The record once the patch was accepted. A parked target stays parked until then. */
export function rollingOut(observation: Observation, record: TargetRecord, attempt: Attempt, now: number): Taken {
  const { record: alone, ...taken } = takenOver(observation, record, attempt, now);
  const isRollingOut = alone.phase === 'rolling-out';
  const rolling = isRollingOut
    ? { ...alone, attempt, summary: deployingSummary(observation, attempt), evidence: [] }
    : startRecord(observation, { ...alone, attempt }, attempt, alone.past, now);
  return { record: rolling, ...taken };
}

/** The record without the rollout that the accepted patch has ended. */
export function takenOver(observation: Observation, record: TargetRecord, by: Attempt, now: number): Taken {
  const { behind, ...alone } = record;
  if (behind === undefined) return { record: alone };
  const { past, event } = supersede(observation, behind, by, now);
  return { record: { ...alone, past: withPast(alone, past) }, superseded: event };
}

/** An answer that was found in the cluster. */
export function takeAnswer({ record, superseded }: Taken): Decision {
  return superseded === undefined
    ? { kind: 'remember', record, lookAgainInMs: 0 }
    : { kind: 'conclude', record, event: superseded, signs: [] };
}

function supersede(observation: Observation, old: Attempt, by: Attempt, now: number) {
  const after = formatDuration(Math.max(0, now - old.startedAt));
  const cause = `superseded by ${by.version}${by.version === old.version ? ' again' : ''} after ${after}`;
  const summary = `${subjectOf(observation)} ${old.version} ${cause}`;
  return {
    past: { content: old.content, version: old.version, outcome: 'superseded', summary, at: now },
    event: targetEvent(observation, {
      id: `${old.id}:superseded`,
      what: 'superseded',
      version: old.version,
      image: old.image,
      summary,
      cause,
      at: now,
    }),
  } as const;
}

function startRecord(
  observation: Observation,
  record: TargetRecord | undefined,
  attempt: Attempt,
  past: TargetRecord['past'],
  now: number,
): TargetRecord {
  return {
    schema: RECORD_SCHEMA,
    phase: 'rolling-out',
    version: attempt.version,
    content: attempt.content,
    summary: deployingSummary(observation, attempt),
    evidence: [],
    startedAt: now,
    ...memoryOf(record),
    ...driftOf(record, attempt),
    attempt,
    past,
  };
}

function deployingSummary(observation: Observation, attempt: Attempt): string {
  return `${subjectOf(observation)} ${attempt.version} is being deployed`;
}

function refuse({ record, order, ...of }: OrderCase, cause: string): Conclusion {
  const { content, request } = order;
  const answer = { outcome: 'refused', content, version: request.version, cause } as const;
  const { attempt } = record ?? {};
  // A refused content is not tried again, so its attempt is not left open.
  const isOpen = attempt?.content === content && attempt.generation === undefined && attempt.endedAt === undefined;
  const closed =
    record !== undefined && isOpen
      ? withoutUnapplied({ ...record, attempt: { ...attempt, endedAt: of.moment.now } })
      : record;
  return answerContent({ ...of, record: closed }, answer);
}

/** What the engine itself wants is not parked when it may not do it: it ends, and is told. */
function forbidden({ record, order, ...of }: OrderCase, cause: string): Conclusion | undefined {
  const { attempt } = record ?? {};
  if (record === undefined || order.kind === 'deploy') return undefined;
  if (attempt?.kind !== order.kind || attempt.endedAt !== undefined) return undefined;
  const outcome = order.kind === 'rollback' ? 'rollback-failed' : 'failed';
  return endAttempt({ ...of, record }, attempt, { outcome, cause });
}

function refusedByServer(of: OrderCase, cause: string): Decision {
  return forbidden(of, cause) ?? block(of, 'forbidden', cause);
}

/** Parks the target, and tells it unless the same obstacle was told for the same content. */
function block(of: OrderCase, by: Block, cause: string): Extract<Decision, { kind: 'wait' | 'remember' }> | Conclusion {
  const { record, order, moment } = of;
  const { content, request } = order;
  // A rollback or a correction waits without taking the place of the answer that led to it.
  if (order.kind !== 'deploy') return { kind: 'wait', lookAgainInMs: parkedLookMs(by), detail: cause };
  if (record?.phase === 'blocked' && record.content === content && record.blockedBy === by) {
    // Only trying shows whether a right was granted, so the record keeps when that was tried last.
    if (by === 'forbidden') {
      return { kind: 'remember', record: { ...record, finishedAt: moment.now }, lookAgainInMs: parkedLookMs(by) };
    }
    return { kind: 'wait', lookAgainInMs: parkedLookMs(by), detail: record.summary };
  }
  const answer = { outcome: 'blocked', content, version: request.version, cause, blockedBy: by } as const;
  return answerContent(of, answer);
}
