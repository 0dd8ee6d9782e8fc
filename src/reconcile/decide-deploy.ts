/** The part of `decide` for a version that is to be brought to the cluster. */
import { isTransient } from '../domain/api-error.ts';
import type { Block, PendingAttempt, TargetRecord } from '../domain/record.ts';
import type { Target } from '../domain/target.ts';
import { type DeploymentView, imageOf } from '../domain/workload.ts';
import { carries, runsImageOf, withoutPending } from './attempt.ts';
import { answerContent, endPending, failureOf } from './conclusions.ts';
import type { Conclusion, Decision, OrderCase, Remembered } from './decision.ts';
import { fencedPatch } from './fence.ts';
import { chooseImage } from './order.ts';
import { parkedLookMs } from './parked-look.ts';
import { allowsNamespace } from './policy.ts';
import { beforePatch, supersede, takeAnswer } from './rollout-start.ts';

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
      return mayNotLook(of, cluster.error.detail || cluster.error.message);
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

/** A rollback or a correction is not parked: it ends, and is told. */
function mayNotLook(of: OrderCase, cause: string): Decision {
  const { record, order } = of;
  const pending = record?.pending;
  return record !== undefined && pending?.kind === order.kind && order.kind !== 'deploy'
    ? endPending({ ...of, record }, pending, { outcome: failureOf(pending), cause })
    : block(of, 'forbidden', cause);
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
    // The first half is the message of the Go engine, word for word.
    const cause =
      `New NameSpace created Kindly create a deployment file in the same ns ` +
      `(namespace ${name}; apply the manifest of Deployment ${service}, it is then deployed automatically)`;
    const parked = block(of, 'no-deployment', cause);
    return parked.kind === 'conclude' ? { kind: 'create-namespace', namespace: name, conclude: parked } : parked;
  }
  const where = namespace === 'missing' ? `no namespace ${name}` : `no Deployment ${service} in namespace ${name}`;
  return block(of, 'no-deployment', `${where}; apply its manifest, it is then deployed automatically`);
}

function withDeployment(of: OrderCase, deployment: DeploymentView): Decision {
  const { observation, record, order, policy } = of;
  const { now, newId } = of.moment;
  const waiting = record?.pending;
  if (record !== undefined && waiting !== undefined && carries(deployment, waiting)) {
    return takeAnswer({ ...of, record }, waiting, deployment);
  }
  if (order.kind === 'rollback' && record?.attempt !== undefined && !runsImageOf(deployment, record.attempt)) {
    return mended({ ...of, record }, deployment);
  }
  if (deployment.deleting) {
    return block(of, 'no-deployment', `Deployment ${deployment.name} is being deleted`);
  }
  const choice = chooseImage(deployment, order, policy.repo);
  if (choice.kind === 'refused') return refuse(of, choice.problem);
  if (deployment.paused) {
    const cause = `Deployment ${deployment.name} is paused; deployed after "kubectl rollout resume deployment/${deployment.name} -n ${deployment.namespace}"`;
    return block(of, 'paused', cause);
  }
  // An attempt whose patch was not answered is repeated, not followed by a second one, even if a comment has changed.
  const repeated =
    waiting?.kind === order.kind &&
    (waiting.content === order.content ||
      (waiting.version === order.request.version &&
        waiting.container === choice.container &&
        waiting.image === choice.image));
  const pending: PendingAttempt = {
    id: repeated ? waiting.id : newId,
    kind: order.kind,
    content: order.content,
    version: order.request.version,
    image: choice.image,
    container: choice.container,
    previousImage: choice.previousImage,
    ...wayBackOf(record, choice),
    // The clock of a rollout starts with the patch that the server takes, however long that had to be tried.
    startedAt: now,
  };
  // It may still be applied before this one, and is not waited for.
  const givenUp = repeated || waiting === undefined ? undefined : supersede(observation, waiting, pending, now);
  return {
    kind: 'patch',
    record: beforePatch(of, pending, givenUp?.past),
    pending,
    patch: fencedPatch(deployment, choice.index, pending),
    ...(givenUp === undefined ? {} : { givenUp: givenUp.event }),
  };
}

/** Somebody has mended it by hand before the way back was taken: there is nothing of ours to take back. */
function mended(of: Remembered<OrderCase>, deployment: DeploymentView): Decision {
  const { attempt, pending } = of.record;
  if (pending?.kind !== 'rollback') return { kind: 'nothing' };
  const image = attempt === undefined ? undefined : imageOf(deployment, attempt.container);
  const by = deployment.templateManager ?? 'another client';
  const cause =
    deployment.uid === attempt?.uid
      ? `${by} set the image to ${image} meanwhile; left as it is`
      : 'the Deployment was made anew meanwhile';
  return endPending(of, pending, { outcome: failureOf(pending), cause });
}

/** An image that never ran well is no way back; the way back of the attempt that brought it is. */
function wayBackOf(
  record: TargetRecord | undefined,
  { container, previousImage }: { readonly container: string; readonly previousImage: string },
): Pick<PendingAttempt, 'wayBack'> {
  const { attempt, verified } = record ?? {};
  const isUnproven =
    attempt?.container === container &&
    (attempt.appliedImage ?? attempt.image) === previousImage &&
    verified?.image !== attempt.image;
  if (!isUnproven) return { wayBack: previousImage };
  return attempt.wayBack === undefined ? {} : { wayBack: attempt.wayBack };
}

/**
 * What follows when the API server refuses the patch.
 *
 * @param refusal `by: 'rights'`: our account lacks the right, which may be granted later; `by: 'server'` is final for
 *   this content. `mayBeApplied`: an earlier request of the same attempt is under way, or was applied.
 */
export function decideRefusedPatch(
  of: Remembered,
  pending: PendingAttempt,
  refusal: { readonly cause: string; readonly by: 'rights' | 'server'; readonly mayBeApplied: boolean },
): Decision {
  const { kind, content, version, container } = pending;
  const { by, mayBeApplied } = refusal;
  const said = by === 'server' ? `the API server refused the change: ${refusal.cause}` : refusal.cause;
  const cause = kind === 'correct-drift' ? `the change made outside is not corrected: ${said}` : said;
  // A rollback or a correction is not parked: it ends, and is told.
  if (by === 'server' || kind !== 'deploy') return endPending(of, pending, { outcome: failureOf(pending), cause });
  const record = mayBeApplied ? of.record : withoutPending(of.record);
  return block({ ...of, record, order: { kind, content, request: { version, container } } }, 'forbidden', cause);
}

function refuse({ record, order, ...of }: OrderCase, cause: string): Conclusion {
  const { content, request } = order;
  // A refused content is not tried again, so nothing of it is left open.
  const kept = record?.pending?.content === content ? withoutPending(record) : record;
  return answerContent({ ...of, record: kept }, { outcome: 'refused', content, version: request.version, cause });
}

/**
 * A rollback or a correction waits without taking the place of the answer that led to it. Once begun it is the answer:
 * it ends, and its patch, should it be under way, meets another uid or generation.
 */
function waitOrEnd(
  { record, ...of }: OrderCase,
  by: Block,
  cause: string,
): Extract<Decision, { kind: 'wait' }> | Conclusion {
  const { kind } = of.order;
  const pending = record?.pending;
  if (record === undefined || pending?.kind !== kind) {
    return { kind: 'wait', lookAgainInMs: parkedLookMs(by), detail: cause };
  }
  if (kind !== 'rollback') return endPending({ ...of, record }, pending, { outcome: 'blocked', cause, blockedBy: by });
  const isGone = by === 'no-deployment' || by === 'namespace-terminating';
  const why = isGone ? 'the Deployment was deleted meanwhile' : 'the Deployment was paused meanwhile';
  return endPending({ ...of, record }, pending, { outcome: failureOf(pending), cause: why });
}

/** Parks the target, and tells so unless the same obstacle was told for the same content. */
function block(of: OrderCase, by: Block, cause: string): Extract<Decision, { kind: 'wait' | 'remember' }> | Conclusion {
  const { record, order, moment } = of;
  const { content, request } = order;
  if (order.kind !== 'deploy') return waitOrEnd(of, by, cause);
  if (record?.phase === 'blocked' && record.content === content && record.blockedBy === by) {
    // Only trying shows whether a right was granted, so the record keeps when that was tried last.
    if (by === 'forbidden') {
      return { kind: 'remember', record: { ...record, finishedAt: moment.now }, lookAgainInMs: 0 };
    }
    return { kind: 'wait', lookAgainInMs: parkedLookMs(by), detail: record.summary };
  }
  const answer = { outcome: 'blocked', content, version: request.version, cause, blockedBy: by } as const;
  return answerContent(of, answer);
}
