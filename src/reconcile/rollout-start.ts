/**
 * How a version that is asked for becomes a rollout that runs: the record before its patch, and the record once the
 * patch was accepted, which is when it supersedes an older rollout.
 */
import type { TargetEvent } from '../domain/event.ts';
import {
  type Attempt,
  type PastOutcome,
  type PendingAttempt,
  RECORD_SCHEMA,
  type TargetRecord,
} from '../domain/record.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { formatDuration } from '../rollout/words.ts';
import { applied, runningAttempt, withoutPending } from './attempt.ts';
import { driftOf, memoryOf, nameOf, subjectOf, targetEvent, withPast } from './conclusions.ts';
import type { Decision, Observation, OrderCase, Remembered } from './decision.ts';

/**
 * The record as it is written before the patch is sent. A parked content keeps its answer until the patch is accepted,
 * and one that is tried again keeps what was told about it.
 */
export function beforePatch(of: OrderCase, pending: PendingAttempt, ended: PastOutcome | undefined): TargetRecord {
  const { record, observation, moment } = of;
  const past = ended === undefined ? (record?.past ?? []) : withPast(record, ended);
  const isSame = record?.content === pending.content;
  const keepsAnswer = isSame && (record.phase === 'blocked' || record.phase === 'rolling-out');
  const kept = keepsAnswer ? record : startRecord(observation, record, pending, moment.now);
  return { ...kept, pending, past };
}

/** What follows when a patch was accepted: its rollout runs, and an older one is superseded. */
export interface Takeover {
  readonly record: TargetRecord;
  readonly superseded?: TargetEvent;
}

/** @param attempt the record's pending one, as the API server accepted it */
export function takeOver(
  { observation, record, moment: { now } }: Pick<Remembered, 'observation' | 'record' | 'moment'>,
  attempt: Attempt,
): Takeover {
  const older = runningAttempt(record);
  const superseded = older === undefined ? undefined : supersede(observation, older, attempt, now);
  const past = superseded === undefined ? record.past : withPast(record, superseded.past);
  const kept = withoutPending(record);
  return {
    // A content that had another answer meanwhile (refused, say) keeps it.
    record: {
      ...(record.content === attempt.content ? takenRecord(observation, kept, attempt, now) : kept),
      attempt,
      past,
    },
    ...(superseded === undefined ? {} : { superseded: superseded.event }),
  };
}

/** From here on it no longer waits for anything. */
function takenRecord(observation: Observation, record: TargetRecord, attempt: Attempt, now: number): TargetRecord {
  return record.phase === 'rolling-out'
    ? { ...record, summary: deployingSummary(observation, attempt), evidence: [] }
    : startRecord(observation, record, attempt, now);
}

/** The patch was applied although its answer was lost. */
export function takeAnswer(of: Remembered, pending: PendingAttempt, deployment: DeploymentView): Decision {
  const { record, superseded } = takeOver(of, applied(pending, deployment));
  return superseded === undefined
    ? { kind: 'remember', record, lookAgainInMs: 0 }
    : { kind: 'conclude', record, event: superseded, signs: [] };
}

/** What is kept and told of an older attempt that another one takes the place of. */
export function supersede(observation: Observation, old: PendingAttempt, by: PendingAttempt, now: number) {
  const after = formatDuration(Math.max(0, now - old.startedAt));
  const cause = `superseded by ${by.version}${by.version === old.version ? ' again' : ''} after ${after}`;
  const summary = `${subjectOf(observation)} ${nameOf(old)} ${cause}`;
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
  attempt: PendingAttempt,
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
    past: record?.past ?? [],
  };
}

/** The record of a rollout that goes on, whatever had an answer of its own in between. */
export function resumed(observation: Observation, record: TargetRecord, attempt: Attempt): TargetRecord {
  const { finishedAt: _finishedAt, blockedBy: _blockedBy, ...kept } = record;
  const { version, content, startedAt } = attempt;
  const summary = deployingSummary(observation, attempt);
  return { ...kept, phase: 'rolling-out', version, content, summary, startedAt, attempt };
}

export function deployingSummary(observation: Observation, { kind, version }: PendingAttempt): string {
  const subject = subjectOf(observation);
  return kind === 'rollback'
    ? `${subject} is being rolled back to ${version}`
    : `${subject} ${version} is being deployed`;
}

/** The patch was accepted: from here on the rollout runs. For the log only. */
export function startedEvent(
  observation: Observation,
  record: TargetRecord,
  attempt: Attempt,
  now: number,
): TargetEvent {
  const { id, version, image, previousImage } = attempt;
  const from = previousImage === undefined || previousImage === image ? '' : ` (was ${previousImage})`;
  const summary = `${record.summary}: ${image}${from}`;
  return targetEvent(observation, {
    id: `${id}:started`,
    what: 'started',
    version,
    image,
    summary,
    cause: '',
    at: now,
  });
}
