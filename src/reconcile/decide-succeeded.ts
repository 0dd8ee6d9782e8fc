/** The part of `decide` for a version that succeeded: notice that somebody changed its image, or that it crashes late. */
import type { Attempt, TargetRecord } from '../domain/record.ts';
import { type DeploymentView, imageOf, revisionOf } from '../domain/workload.ts';
import type { FailureSign } from '../rollout/failure-signs.ts';
import { lateCrashLeftMs, precedes, wayBack } from './attempt.ts';
import { subjectOf, targetEvent, withPast } from './conclusions.ts';
import { decideDeploy } from './decide-deploy.ts';
import type { Decision, OrderCase, Remembered } from './decision.ts';
import { type Order, orderAgain } from './order.ts';
import type { Policy } from './policy.ts';
import { judgeNow, shownDeployment } from './settled-look.ts';

/** This many drifts within the window are corrected; one more means that two writers are fighting. */
const FLAPS = 3;
const FLAP_WINDOW_MS = 600_000;
/** Stands for the image of a container that is gone. */
const REMOVED = 'no such container';

export function decideSucceeded(of: Remembered<OrderCase>): Decision {
  const { observation, record, policy } = of;
  const { attempt } = record;
  const deployment = shownDeployment(observation, attempt);
  // A record adopted from an earlier engine knows no image to compare with.
  if (attempt === undefined || deployment === undefined) return { kind: 'nothing' };
  const image = imageOf(deployment, attempt.container);
  if (image === (attempt.appliedImage ?? attempt.image)) {
    const { drift, ...kept } = record;
    if (drift?.image !== undefined) {
      const summary = `${subjectOf(observation)} ${record.version} runs again: the change made outside was undone`;
      return { kind: 'remember', record: { ...kept, summary, drift: { seenAt: drift.seenAt } }, lookAgainInMs: 0 };
    }
    return noticeLateCrash(of, attempt, deployment);
  }
  if (deployment.deleting) return { kind: 'nothing' };
  // Another Deployment of the same name, as applied anew from its manifest: the file's wish holds for it too.
  if (deployment.uid !== attempt.uid && record.phase === 'succeeded') return decideDeploy(of);
  if (policy.drift === 'ignore') return { kind: 'nothing' };
  // Back to what was verified: what the file's words would mean now may depend on the image that drifted in.
  const correction: Order = { kind: 'correct-drift', content: record.content, ...orderAgain(attempt) };
  return tellDrift({ ...of, order: correction }, { image: image ?? REMOVED, what: changeOf(deployment, attempt) });
}

function changeOf(deployment: DeploymentView, attempt: Attempt): string {
  const image = imageOf(deployment, attempt.container);
  if (precedes(deployment, attempt)) return `the cluster was set back to an earlier state, with ${image}`;
  const who = deployment.templateManager ?? 'another client';
  return `changed outside: ${who} ${image === undefined ? 'removed the container' : `set the image to ${image}`}`;
}

/** The order of the case is the correction. */
function tellDrift(of: Remembered<OrderCase>, change: { readonly image: string; readonly what: string }): Decision {
  const { observation, record, policy } = of;
  const { now } = of.moment;
  const earlier = (record.drift?.seenAt ?? []).filter((at) => now - at < FLAP_WINDOW_MS);
  if (record.drift?.image === change.image) {
    const isHeld = record.drift.seenAt.length > FLAPS;
    return policy.drift === 'correct' && !isHeld ? decideDeploy(of) : { kind: 'nothing' };
  }
  const seenAt = [...earlier, now].slice(-FLAPS - 1);
  const drift = { image: change.image, seenAt };
  // It was told already that this goes on.
  if (earlier.length > FLAPS) return { kind: 'remember', record: { ...record, drift } };
  const flapping = earlier.length === FLAPS;
  const cause = `${change.what}; ${whatNext(policy, flapping)}`;
  const summary = `${subjectOf(observation)} ${record.version} ${cause}`;
  return {
    kind: 'conclude',
    record: { ...record, summary, drift },
    event: targetEvent(observation, {
      id: `${record.attempt?.id}:drift:${(record.drift?.seenAt ?? []).at(-1) ?? 0}:${change.image}`,
      what: flapping ? 'flapping' : 'drifted',
      version: record.version,
      image: change.image,
      summary,
      cause,
      at: now,
    }),
    signs: [],
  };
}

function whatNext({ drift }: Policy, flapping: boolean): string {
  if (drift === 'correct') {
    return flapping ? 'two writers are fighting, so it is left as it is; find the other one' : 'it is corrected';
  }
  return flapping
    ? 'it changes again and again, so nothing more is reported until it has been quiet for a while'
    : 'it is left as it is; save the dep file with new content to deploy over it';
}

/** Most bad versions die after their first probe: for a while after a success a crash is still told. */
function noticeLateCrash(of: Remembered, attempt: Attempt, deployment: DeploymentView): Decision {
  const { observation, record, policy } = of;
  const { now } = of.moment;
  const leftMs = lateCrashLeftMs(record, policy, now);
  // What somebody else has put there since is not what succeeded.
  const isAnother = attempt.revision !== undefined && attempt.revision !== revisionOf(deployment.annotations);
  if (leftMs <= 0 || isAnother) return { kind: 'nothing' };
  const overdueMs = policy.graceMs - leftMs;
  const counts = ({ about, id }: FailureSign) => about === 'crash' && observation.ageOf(id) >= overdueMs;
  const verdict = judgeNow(observation, attempt, deployment, { ...policy, counts });
  if (verdict.kind !== 'failed') {
    const ripensInMs = verdict.kind === 'running' ? verdict.lookAgainInMs : policy.watchAfterMs;
    const lookAgainInMs = Math.min(leftMs, ripensInMs);
    return { kind: 'wait', lookAgainInMs, detail: 'watched for a while after its success' };
  }
  const summary = `${subjectOf(observation)} ${record.version} crashed after its success: ${verdict.cause}`;
  return {
    kind: 'conclude',
    record: {
      ...record,
      crashedLater: true,
      summary,
      ...(policy.onFailure === 'rollback' ? failedAfterAll(record, attempt, summary, now) : {}),
    },
    event: targetEvent(observation, {
      id: `${attempt.id}:crashed-later`,
      what: 'crashed-later',
      version: record.version,
      image: attempt.image,
      summary,
      cause: verdict.cause,
      at: now,
    }),
    signs: verdict.signs,
  };
}

/** What makes a late crash a failure that the next pass rolls back: nothing, when there is no version to go back to. */
function failedAfterAll(record: TargetRecord, attempt: Attempt, summary: string, now: number): Partial<TargetRecord> {
  const { verified, verifiedBefore, version, content } = record;
  // Without replicas it succeeded without being verified.
  const back = verified?.image === attempt.image ? verifiedBefore : verified;
  if (back === undefined || wayBack(attempt, back) === attempt.image) return {};
  return {
    phase: 'failed',
    verified: back,
    past: withPast(record, { content, version, outcome: 'failed', summary, at: now }),
  };
}
