/** What happened to one target, and the promises that must hold of it whatever happened. */
import type { TargetEvent } from '../../src/domain/event.ts';
import type { PendingAttempt } from '../../src/domain/record.ts';

export interface AcceptedPatch {
  readonly uid: string;
  readonly attempt: PendingAttempt;
  /** Whether the pod template changed: only then a rollout begins. */
  readonly changesTemplate: boolean;
  /** Contents written by then. */
  readonly written: number;
  readonly step: number;
}

export interface DeployHistory {
  /** Every content the file held, in order. */
  readonly writes: readonly string[];
  readonly accepted: readonly AcceptedPatch[];
  readonly told: readonly TargetEvent[];
  readonly crashes: number;
  /**
   * The attempt still waited for at the end: sent without an answer, its Deployment deleted, the file empty. If it was
   * applied to the deleted one, nobody can know.
   */
  readonly open: ReadonlySet<string>;
}

/** Says what promise was broken. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

const TERMINAL: ReadonlySet<TargetEvent['what']> = new Set([
  'succeeded',
  'failed',
  'timed-out',
  'superseded',
  'rolled-back',
  'rollback-failed',
  'overridden',
  'blocked',
]);

/**
 * Never an older content over a newer one, and at most one rollout for each time a content was written. A content can
 * be written again, so each patch is given the earliest write that explains it.
 */
function checkOrder({ writes, accepted }: DeployHistory): void {
  let current = -1;
  let uid = '';
  let hasRolledOut = false;
  for (const { attempt, changesTemplate, written, uid: patchedUid } of accepted) {
    // A Deployment made anew gets the wish of the file once more.
    if (patchedUid !== uid) hasRolledOut = false;
    uid = patchedUid;
    const held = writes[current] === attempt.content;
    const again = writes.findIndex(
      (content, index) => index > current && index < written && content === attempt.content,
    );
    if (attempt.kind !== 'deploy') {
      if (versionOf(writes[current]) === versionOf(attempt.content)) continue;
      // The file was put back to what had been deployed before while the patch that it takes back was under way.
      if (attempt.kind !== 'correct-drift' || again === -1)
        throw new BrokenPromise(`a ${attempt.kind} for ${attempt.content} went over ${writes[current]}`);
      current = again;
      continue;
    }
    if (held && !(changesTemplate && hasRolledOut)) {
      hasRolledOut ||= changesTemplate;
      continue;
    }
    if (again === -1) {
      const why = held ? 'was rolled out twice for one write' : `went over the newer ${writes[current]}`;
      throw new BrokenPromise(`${attempt.content} ${why}`);
    }
    current = again;
    hasRolledOut = changesTemplate;
  }
}

/** Another comment needs no patch, so the newest patch may be for the same version under another one. */
function versionOf(content: string | undefined): string | undefined {
  return content?.split('#')[0];
}

/** No attempt is applied twice to one Deployment. */
function checkOnce({ accepted }: DeployHistory): void {
  const seen = new Set<string>();
  for (const { uid, attempt } of accepted) {
    const name = `${attempt.id} on ${uid}`;
    if (seen.has(name)) throw new BrokenPromise(`attempt ${name} was applied twice`);
    seen.add(name);
  }
}

/** A rollback follows a failure, once; a Deployment made anew in the middle gets the same one again. */
function checkRollbacks({ accepted, told }: DeployHistory): void {
  const rollbacks = new Set(
    accepted.filter(({ attempt }) => attempt.kind === 'rollback').map(({ attempt }) => attempt.id),
  );
  const failures = new Set(told.filter(({ what }) => what === 'failed' || what === 'timed-out').map(({ id }) => id));
  if (rollbacks.size > failures.size)
    throw new BrokenPromise(`${rollbacks.size} rollbacks for ${failures.size} failures`);
}

/** Every attempt that was applied has one end that was told, under one id; a crash may repeat it. */
function checkTold({ accepted, told, crashes, open }: DeployHistory): void {
  for (const id of new Set(accepted.map(({ attempt }) => attempt.id))) {
    const ends = told.filter((event) => event.id.startsWith(`${id}:`) && TERMINAL.has(event.what));
    if (ends.length === 0 && !open.has(id)) throw new BrokenPromise(`nobody was told how attempt ${id} ended`);
    const outcomes = new Set(ends.map((event) => event.id));
    if (outcomes.size > 1) throw new BrokenPromise(`attempt ${id} has the ends ${[...outcomes].join(', ')}`);
    if (ends.length > outcomes.size + crashes) throw new BrokenPromise(`attempt ${id} was told ${ends.length} times`);
  }
}

export function checkHistory(history: DeployHistory): void {
  checkOrder(history);
  checkOnce(history);
  checkRollbacks(history);
  checkTold(history);
}
