/** The part of `decide` for a rollout that runs: is it over, and how did it go? */
import type { Attempt } from '../domain/record.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { judge, type Verdict } from '../rollout/verdict.ts';
import { formatDuration } from '../rollout/words.ts';
import { carries, precedes } from './attempt.ts';
import { endAttempt, endPending, failureOf, nameOf, subjectOf, targetEvent, withSummary } from './conclusions.ts';
import type { Decision, Remembered } from './decision.ts';
import { deployingSummary } from './rollout-start.ts';
import { awaitRollout } from './usual-time.ts';

/** How soon a running rollout is looked at when nothing is known of it, ms: the watch is down, or lags. */
const BLIND_LOOK_MS = 2_000;
/** A rollout on hold has no deadline; its Deployment's own events wake it. */
const HELD_LOOK_MS = 30_000;
/** A version that crashed on its way must stay up this long before it counts as a success. */
const AFTER_CRASH_MS = 10_000;

export function decideRunning(of: Remembered, attempt: Attempt): Decision {
  const { cluster } = of.observation;
  switch (cluster.kind) {
    case 'unseen':
      return { kind: 'wait', lookAgainInMs: BLIND_LOOK_MS, detail: 'no news from the cluster' };
    case 'error':
      // The API server's troubles are no verdict on a rollout.
      return { kind: 'retry', error: cluster.error };
    case 'no-deployment':
      return deleted(of, attempt);
    case 'deployment':
      // A reading of its own does not lag: the cluster was set back, as by the restoring of a backup.
      if (cluster.fresh && precedes(cluster.deployment, attempt)) return setBack(of, attempt, cluster.deployment);
      if (cluster.deployment.uid === attempt.uid) return judgeRollout(of, attempt, cluster.deployment);
      return wants(of, attempt) ? recreated(of, attempt, cluster.deployment) : deleted(of, attempt);
    default:
      return cluster satisfies never;
  }
}

function wants({ observation: { desired }, record }: Remembered, attempt: Attempt): boolean {
  if (desired.kind === 'wanted') return desired.content === attempt.content;
  // The file cannot be read yet, as at the first look after a start: what it said last still counts.
  return (desired.kind === 'not-ready' || desired.kind === 'unreadable') && record.content === attempt.content;
}

function deleted(of: Remembered, attempt: Attempt): Decision {
  if (attempt.kind === 'rollback') {
    // Parked it would follow the file, to the version that failed.
    return endAttempt(of, attempt, { outcome: failureOf(attempt), cause: 'the Deployment was deleted meanwhile' });
  }
  const back = wants(of, attempt) ? '; deployed automatically when it is back' : '';
  const cause = `the Deployment was deleted during the rollout${back}`;
  const end = { outcome: 'blocked', cause, blockedBy: 'no-deployment' } as const;
  return endAttempt(of, attempt, end);
}

/** Another Deployment of the same name: the file's wish holds for it too, so the attempt begins anew. */
function recreated(of: Remembered, attempt: Attempt, deployment: DeploymentView): Decision {
  const { attempt: _gone, pending: between, ...kept } = of.record;
  if (between !== undefined) {
    const cause = 'the Deployment was made anew before it was applied';
    return endPending(of, between, { outcome: 'superseded', cause });
  }
  const { kind, content, version, image, container, previousImage, wayBack, startedAt } = attempt;
  // A backup restored with our annotation on it was not patched by us: a new id tells the two apart.
  const id = carries(deployment, attempt) ? `${attempt.id}-${deployment.uid.slice(0, 8)}` : attempt.id;
  const asked = { id, kind, content, version, image, container, startedAt };
  const before = {
    ...(previousImage === undefined ? {} : { previousImage }),
    ...(wayBack === undefined ? {} : { wayBack }),
  };
  const pending = { ...asked, ...before };
  return { kind: 'remember', record: { ...kept, pending }, lookAgainInMs: 0 };
}

function setBack(of: Remembered, attempt: Attempt, deployment: DeploymentView): Decision {
  if (wants(of, attempt)) return recreated(of, attempt, deployment);
  const cause = 'the cluster was set back to a state before it; left as it is';
  return endAttempt(of, attempt, { outcome: 'overridden', cause });
}

function judgeRollout(of: Remembered, attempt: Attempt, deployment: DeploymentView): Decision {
  const { observation, policy } = of;
  const { cluster, elapsedMs, idleMs, watchedMs, ageOf, completeForMs } = observation;
  const look = cluster.kind === 'deployment' ? cluster.look : { replicaSets: [], pods: [] };
  const times = { elapsedMs, idleMs, watchedMs, completeForMs, ageOf };
  const verdict = judge({ deployment, look, attempt, ...times }, policy);
  switch (verdict.kind) {
    case 'running':
      return attempt.toldHeld === true && !deployment.paused ? goOn(of, attempt) : awaitRollout(of, attempt, verdict);
    case 'held':
      // The record already says what the newer content waits for.
      return attempt.toldHeld === true || of.record.content !== attempt.content
        ? { kind: 'wait', lookAgainInMs: HELD_LOOK_MS, detail: `Deployment ${deployment.name} is paused` }
        : tellHeld(of, attempt, deployment);
    case 'succeeded': {
      const settleMs = Math.min(AFTER_CRASH_MS, policy.graceMs);
      if (verdict.afterCrashes && completeForMs < settleMs) {
        return {
          kind: 'wait',
          lookAgainInMs: settleMs - completeForMs,
          detail: 'complete after crashes; waiting for it to last',
        };
      }
      return succeed(of, attempt, verdict.note);
    }
    case 'overridden':
      return cluster.kind === 'deployment' && cluster.fresh
        ? override(of, attempt, verdict.change)
        : { kind: 'look-fresh' };
    case 'failed':
    case 'timed-out':
      // A watch can fall silent: nothing is given up for what nobody has checked.
      return cluster.kind === 'deployment' && cluster.fresh ? fail(of, attempt, verdict) : { kind: 'look-fresh' };
    default:
      return verdict satisfies never;
  }
}

function tellHeld(of: Remembered, attempt: Attempt, { name, namespace }: DeploymentView): Decision {
  const { id, version, image } = attempt;
  const { now } = of.moment;
  const cause = `Deployment ${name} is paused; it goes on after "kubectl rollout resume deployment/${name} -n ${namespace}"`;
  const summary = `${subjectOf(of.observation)} ${nameOf(attempt)} waits: ${cause}`;
  return {
    kind: 'conclude',
    record: withSummary(of.record, { ...attempt, toldHeld: true }, summary),
    event: targetEvent(of.observation, {
      id: `${id}:held:${now}`,
      what: 'stalled',
      version,
      image,
      summary,
      cause,
      at: now,
    }),
    signs: [],
  };
}

function goOn({ observation, record }: Remembered, { toldHeld: _toldHeld, ...attempt }: Attempt): Decision {
  return {
    kind: 'remember',
    record: withSummary(record, attempt, deployingSummary(observation, attempt)),
    lookAgainInMs: 0,
  };
}

function succeed(of: Remembered, attempt: Attempt, note: string): Decision {
  const subject = subjectOf(of.observation);
  const after = formatDuration(tookMs(of, attempt));
  const suffix = note === '' ? '' : ` (${note})`;
  switch (attempt.kind) {
    case 'rollback': {
      const failed = of.record.past.find(
        ({ content, outcome }) => content === attempt.content && (outcome === 'failed' || outcome === 'timed-out'),
      );
      const summary = `${subject} rolled back to ${attempt.version} after ${after}${failed === undefined ? '' : `; ${failed.summary}`}`;
      return endAttempt(of, attempt, { outcome: 'rolled-back', cause: failed?.summary ?? '', summary });
    }
    case 'correct-drift': {
      const summary = `${subject} ${attempt.version} runs again after ${after}: the change made outside was corrected${suffix}`;
      return endAttempt(of, attempt, { outcome: 'succeeded', cause: '', summary });
    }
    case 'deploy':
      return endAttempt(of, attempt, {
        outcome: 'succeeded',
        cause: note,
        summary: `${subject} ${attempt.version} succeeded after ${after}${suffix}`,
      });
    default:
      return attempt.kind satisfies never;
  }
}

/** With `DRIFT=correct` it is a change made outside like any other, which the next pass tells and corrects. */
function override(of: Remembered, attempt: Attempt, change: string): Decision {
  const cause = of.policy.drift === 'correct' && attempt.kind !== 'rollback' ? change : `${change}; left as it is`;
  return endAttempt(of, attempt, { outcome: 'overridden', cause });
}

/** On hold the clock stands; a rollout that completes then has taken all the time since its patch. */
function tookMs({ observation, moment }: Remembered, { startedAt }: Attempt): number {
  const { cluster, elapsedMs } = observation;
  const isHeld = cluster.kind === 'deployment' && cluster.deployment.paused;
  return isHeld ? Math.max(elapsedMs, moment.now - startedAt) : elapsedMs;
}

function fail(
  of: Remembered,
  attempt: Attempt,
  { kind, cause, signs }: Extract<Verdict, { kind: 'failed' | 'timed-out' }>,
): Decision {
  // A rollback of a rollback would never end.
  const outcome = attempt.kind === 'rollback' ? failureOf(attempt) : kind;
  return endAttempt(of, attempt, { outcome, cause, signs });
}
