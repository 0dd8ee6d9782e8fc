/**
 * The part of `decide` for a file whose version `.last` holds, and of which nothing else is remembered: an earlier
 * engine completed it, or the record was lost. What runs already is not deployed again; what does not is told.
 */
import { type Attempt, RECORD_SCHEMA, type TargetRecord } from '../domain/record.ts';
import { ATTEMPT_ANNOTATION, FIELD_MANAGER, VERSION_ANNOTATION } from '../domain/signature.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { progressOf } from '../rollout/progress.ts';
import { subjectOf, targetEvent } from './conclusions.ts';
import { decideDeploy } from './decide-deploy.ts';
import type { Decision, OrderCase } from './decision.ts';
import { type ContainerImage, chooseImage } from './order.ts';
import { allowsNamespace } from './policy.ts';

export function decideAdopt(of: OrderCase): Decision {
  const { observation, order, policy } = of;
  const { cluster, target } = observation;
  const onTrust: Decision = { kind: 'remember', record: adopted(of) };
  if (target === undefined || !allowsNamespace(policy, target.namespace)) return onTrust;
  switch (cluster.kind) {
    case 'unseen':
      return { kind: 'look-fresh' };
    case 'error':
      // Whether it runs cannot be seen: then `.last` has the word.
      return cluster.error.kind === 'forbidden' ? onTrust : { kind: 'retry', error: cluster.error };
    case 'no-deployment':
      return cluster.namespace === 'unknown' ? { kind: 'look-fresh' } : onTrust;
    case 'deployment':
      break;
    default:
      return cluster satisfies never;
  }
  const { deployment } = cluster;
  const choice = chooseImage(deployment, order, policy.repo);
  if (choice.kind === 'refused') return onTrust;
  const running: Decision = { kind: 'remember', record: runningRecord(of, deployment, choice) };
  if (choice.image === choice.previousImage) return running;
  const ours = deployment.annotations[VERSION_ANNOTATION];
  // Another version went there by us since `.last` was written, so the file was changed after that.
  if (ours !== undefined && ours !== order.request.version) return decideDeploy(of);
  // The image of our own last patch: admission has rewritten it.
  if (ours !== undefined && deployment.templateManager === FIELD_MANAGER) return running;
  if (policy.drift === 'ignore') return onTrust;
  if (policy.drift === 'correct') return decideDeploy(of);
  return tellOther(of, deployment, choice);
}

type Choice = Extract<ContainerImage, { kind: 'chosen' }>;

/** A rollout that is unfinished, or has no pods, does not count as verified: no rollback may go back to it. */
function runningRecord(of: OrderCase, deployment: DeploymentView, choice: Choice): TargetRecord {
  const attempt = attemptFor(of, deployment, choice, choice.previousImage);
  const { version, container, endedAt: at = 0 } = attempt;
  const isVerified = progressOf(deployment).kind === 'complete' && deployment.replicas > 0;
  const verified = { version, image: choice.previousImage, container, at };
  return { ...adopted(of), attempt, ...(isVerified ? { verified } : {}) };
}

/** The attempt that a rollout of ours would have left: changes made outside are noticed by comparing with it. */
function attemptFor(
  { order, moment }: OrderCase,
  deployment: DeploymentView,
  { image, container }: Choice,
  appliedImage: string,
): Attempt {
  const progressing = deployment.conditions.find(({ type }) => type === 'Progressing');
  const at = progressing?.updatedAt ?? 0;
  return {
    id: deployment.annotations[ATTEMPT_ANNOTATION] ?? moment.newId,
    kind: 'deploy',
    content: order.content,
    version: order.request.version,
    image,
    appliedImage,
    container,
    uid: deployment.uid,
    generation: deployment.generation,
    startedAt: at,
    endedAt: at,
  };
}

function adopted({ observation, order, moment: { now } }: OrderCase): TargetRecord {
  const { version } = order.request;
  return {
    schema: RECORD_SCHEMA,
    phase: 'succeeded',
    version,
    content: order.content,
    summary: `${subjectOf(observation)} ${version} was deployed before this engine first looked`,
    evidence: [],
    startedAt: now,
    finishedAt: now,
    past: [],
  };
}

function tellOther(of: OrderCase, deployment: DeploymentView, choice: Choice): Decision {
  const { observation, order, moment } = of;
  const { version } = order.request;
  const image = choice.previousImage;
  const by = deployment.templateManager === undefined ? '' : ` (set by ${deployment.templateManager})`;
  const cause =
    `.last holds the version of the file, but the cluster runs ${image}${by}; ` +
    'it is left as it is; save the dep file with new content to deploy over it';
  const summary = `${subjectOf(observation)} ${version}: ${cause}`;
  return {
    kind: 'conclude',
    record: {
      ...adopted(of),
      summary,
      attempt: attemptFor(of, deployment, choice, choice.image),
      drift: { image, seenAt: [moment.now] },
    },
    event: targetEvent(observation, {
      id: `${observation.key}:adopted:${order.content.slice(0, 16)}:${image}`,
      what: 'drifted',
      version,
      image,
      summary,
      cause,
      at: moment.now,
    }),
    signs: [],
  };
}
