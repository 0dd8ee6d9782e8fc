/** How a decision to end something becomes a record to keep and an event to tell. */
import type { TargetEvent } from '../domain/event.ts';
import type { Outcome } from '../domain/outcome.ts';
import {
  type Attempt,
  type Block,
  MAX_PAST,
  type PastOutcome,
  type PendingAttempt,
  RECORD_SCHEMA,
  type TargetRecord,
} from '../domain/record.ts';
import { redact } from '../domain/redact.ts';
import { formatFileName, formatTarget } from '../domain/target.ts';
import type { FailureSign } from '../rollout/failure-signs.ts';
import { summaryLine } from '../rollout/words.ts';
import { withoutPending, withRevision } from './attempt.ts';
import type { Conclusion, Moment, Observation } from './decision.ts';

/** The target as people write it, or the file's name when it names none. */
export function subjectOf(observation: Observation): string {
  return observation.target === undefined ? formatFileName(observation.key) : formatTarget(observation.target);
}

export function targetEvent(
  observation: Observation,
  facts: Pick<TargetEvent, 'id' | 'what' | 'version' | 'image' | 'summary' | 'cause' | 'at'>,
): TargetEvent {
  return {
    kind: 'target',
    service: observation.target?.service ?? observation.key,
    namespace: observation.target?.namespace ?? '',
    evidence: [],
    ...facts,
  };
}

/** What an answer is given to: the part of a `Case` that does not depend on the policy. */
interface Answered<R> {
  readonly observation: Observation;
  readonly record: R;
  readonly moment: Pick<Moment, 'now'>;
}

interface AttemptEnd {
  readonly outcome: Outcome;
  readonly cause: string;
  readonly signs?: readonly FailureSign[];
  /** Replaces the usual summary line. */
  readonly summary?: string;
  /** An event kind other than the outcome's own. */
  readonly what?: TargetEvent['what'];
  readonly blockedBy?: Block;
}

/** The end of a rollout: the record keeps it, and it is told once, whatever happens to the process in between. */
export function endAttempt(of: Answered<TargetRecord>, attempt: Attempt, end: AttemptEnd): Conclusion {
  const { observation, record, moment } = of;
  const { cluster, elapsedMs } = observation;
  const { outcome, what } = end;
  const deployment = cluster.kind === 'deployment' ? cluster.deployment : undefined;
  // Without pods nothing was seen to run.
  const isVerified = outcome === 'succeeded' && deployment?.replicas !== 0;
  // What was told as failed first, or only put back, says nothing of how long a rollout takes.
  const isUsual = isVerified && what === undefined && attempt.kind === 'deploy' && deployment?.paused !== true;
  const concluded = conclude(of, attempt, { ...end, elapsedMs });
  return {
    ...concluded,
    record: {
      ...concluded.record,
      attempt: { ...(deployment === undefined ? attempt : withRevision(attempt, deployment)), endedAt: moment.now },
      ...(isVerified ? verifiedFacts(record, attempt, moment.now) : {}),
      ...(isUsual ? { usualMs: withDuration(record, elapsedMs) } : {}),
    },
    ...(outcome === 'succeeded' || outcome === 'rolled-back' ? { last: attempt.version } : {}),
  };
}

/** The end of an attempt that was not taken. An older rollout goes on. */
export function endPending(of: Answered<TargetRecord>, pending: PendingAttempt, end: AttemptEnd): Conclusion {
  return conclude({ ...of, record: withoutPending(of.record) }, pending, end);
}

/** The outcome of an attempt that fails: a failed rollback has one of its own, because nothing else follows it. */
export function failureOf(attempt: PendingAttempt): 'failed' | 'rollback-failed' {
  return attempt.kind === 'rollback' ? 'rollback-failed' : 'failed';
}

/** The version as messages name it: one that a rollback brings back was not asked for. */
export function nameOf({ kind, version }: PendingAttempt): string {
  return kind === 'rollback' ? `rollback to ${version}` : version;
}

function conclude(
  { observation, record, moment: { now } }: Answered<TargetRecord>,
  attempt: PendingAttempt,
  end: AttemptEnd & { readonly elapsedMs?: number },
): Conclusion {
  const { outcome, cause, elapsedMs } = end;
  const { id, version, image, content } = attempt;
  const name = outcome === 'rollback-failed' ? version : nameOf(attempt);
  const summary = end.summary ?? summaryLine(subjectOf(observation), name, outcome, cause, elapsedMs);
  const what = end.what ?? outcome;
  return {
    kind: 'conclude',
    record: {
      ...answerOf(record, attempt, end, summary, now),
      ...memoryOf(record),
      ...seenDrift(driftOf(record, attempt)),
      past: withPast(record, { content, version, outcome, summary, at: now }),
    },
    event: targetEvent(observation, { id: `${id}:${what}`, what, version, image, summary, cause, at: now }),
    signs: end.signs ?? [],
  };
}

/** The record with this end as its answer, unless a newer content was answered while the rollout ran: that one stands. */
function answerOf(
  record: TargetRecord,
  attempt: PendingAttempt,
  end: AttemptEnd,
  summary: string,
  now: number,
): TargetRecord {
  if (attempt.content !== record.content) return record;
  return {
    schema: RECORD_SCHEMA,
    phase: end.outcome,
    version: attempt.version,
    content: attempt.content,
    summary,
    evidence: [],
    startedAt: record.startedAt,
    finishedAt: now,
    ...(end.blockedBy === undefined ? {} : { blockedBy: end.blockedBy }),
    past: record.past,
  };
}

const KEPT_DURATIONS = 10;

function withDuration(record: TargetRecord, elapsedMs: number): readonly number[] {
  return [Math.round(elapsedMs), ...(record.usualMs ?? [])].slice(0, KEPT_DURATIONS);
}

function verifiedFacts(record: TargetRecord, attempt: Attempt, now: number): Partial<TargetRecord> {
  const { version, image, container } = attempt;
  const { verified, verifiedBefore } = record;
  const before = verified?.image === image ? verifiedBefore : verified;
  return {
    verified: { version, image, container, at: now },
    ...(before === undefined ? {} : { verifiedBefore: before }),
  };
}

/** An answer that no attempt led to: the content was refused, or waits for something outside. */
export function answerContent(
  { observation, record, moment: { now } }: Answered<TargetRecord | undefined>,
  answer: {
    readonly outcome: 'refused' | 'blocked';
    readonly content: string;
    readonly version: string;
    readonly cause: string;
    readonly blockedBy?: Block;
  },
): Conclusion {
  const { outcome, content, cause } = answer;
  // What is no version may be anything: somebody's settings, say.
  const version = outcome === 'refused' ? redact(answer.version) : answer.version;
  const summary = summaryLine(subjectOf(observation), version, outcome, cause);
  return {
    kind: 'conclude',
    record: {
      schema: RECORD_SCHEMA,
      phase: outcome,
      version,
      content,
      summary,
      evidence: [],
      startedAt: now,
      finishedAt: now,
      ...(answer.blockedBy === undefined ? {} : { blockedBy: answer.blockedBy }),
      ...memoryOf(record),
      past: withPast(record, { content, version, outcome, summary, at: now }),
    },
    event: targetEvent(observation, {
      // The same after a crash before the record was written, and another one when the same content comes back later.
      id: `${observation.key}:${outcome}:${answer.blockedBy ?? ''}:${content.slice(0, 16)}:${record?.startedAt ?? 0}`,
      what: outcome,
      version,
      image: '',
      summary,
      cause,
      at: now,
    }),
    signs: [],
  };
}

/** The record with news of a rollout as its summary, unless a newer content has got an answer of its own meanwhile. */
export function withSummary(record: TargetRecord, attempt: Attempt, summary: string): TargetRecord {
  const isAnswer = record.phase === 'rolling-out' && record.content === attempt.content;
  return { ...record, ...(isAnswer ? { summary } : {}), attempt };
}

/** What outlives a new content: the attempts, the way back and what is usual. */
export function memoryOf(record: TargetRecord | undefined): Partial<TargetRecord> {
  if (record === undefined) return {};
  const { attempt, pending, verified, verifiedBefore, usualMs } = record;
  return {
    ...(attempt === undefined ? {} : { attempt }),
    ...(pending === undefined ? {} : { pending }),
    ...(verified === undefined ? {} : { verified }),
    ...(verifiedBefore === undefined ? {} : { verifiedBefore }),
    ...(usualMs === undefined ? {} : { usualMs }),
  };
}

/** Drifts are counted through their corrections; a new content begins a new count. */
export function driftOf(record: TargetRecord | undefined, attempt: PendingAttempt): Pick<TargetRecord, 'drift'> {
  return attempt.kind === 'correct-drift' && record?.drift !== undefined ? { drift: record.drift } : {};
}

/** After its correction the next change outside counts as another one, also when it is the same again. */
function seenDrift({ drift }: Pick<TargetRecord, 'drift'>): Pick<TargetRecord, 'drift'> {
  return drift === undefined ? {} : { drift: { seenAt: drift.seenAt } };
}

export function withPast(record: TargetRecord | undefined, outcome: PastOutcome): readonly PastOutcome[] {
  return [outcome, ...(record?.past ?? [])].slice(0, MAX_PAST);
}
