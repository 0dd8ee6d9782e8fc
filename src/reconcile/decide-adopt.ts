/**
 * The part of `decide` for a file whose version `.last` holds, and of which nothing else is remembered: an earlier
 * engine completed it, or the record was lost. What runs already is not deployed again; what does not is not passed
 * over in silence.
 */
import { RECORD_SCHEMA, type TargetRecord } from '../domain/record.ts';
import { FIELD_MANAGER, VERSION_ANNOTATION } from '../domain/signature.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { subjectOf, targetEvent } from './conclusions.ts';
import { decideDeploy } from './decide-deploy.ts';
import type { Decision, Observation, OrderCase } from './decision.ts';
import { chooseImage, type Order } from './order.ts';
import { allowsNamespace } from './policy.ts';

export function decideAdopt(of: OrderCase): Decision {
  const { observation, order, policy, moment } = of;
  const { cluster, target } = observation;
  const adoption: Decision = { kind: 'remember', record: adopted(observation, order, moment.now) };
  if (target === undefined || !allowsNamespace(policy, target.namespace)) return adoption;
  switch (cluster.kind) {
    case 'unseen':
      return { kind: 'look-fresh' };
    case 'error':
      // Whether it runs cannot be seen: then `.last` has the word.
      return cluster.error.kind === 'forbidden' ? adoption : { kind: 'retry', error: cluster.error };
    case 'no-deployment':
      return cluster.namespace === 'unknown' ? { kind: 'look-fresh' } : adoption;
    case 'deployment':
      break;
    default:
      return cluster satisfies never;
  }
  const { deployment } = cluster;
  const choice = chooseImage(deployment, order, policy.repo);
  if (choice.kind === 'refused' || choice.image === choice.previousImage) return adoption;
  const ours = deployment.annotations[VERSION_ANNOTATION];
  // Another version went there by us since `.last` was written, so the file was changed after that.
  if (ours !== undefined && ours !== order.request.version) {
    return decideDeploy(of);
  }
  // The image of our own last patch: admission has rewritten it.
  if (ours !== undefined && deployment.templateManager === FIELD_MANAGER) return adoption;
  if (policy.drift === 'ignore') return adoption;
  if (policy.drift === 'correct') return decideDeploy(of);
  return tellOther(observation, order, deployment, choice.previousImage, moment.now);
}

function adopted(observation: Observation, order: Order, now: number): TargetRecord {
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

function tellOther(
  observation: Observation,
  order: Order,
  deployment: DeploymentView,
  image: string,
  now: number,
): Decision {
  const { version } = order.request;
  const by = deployment.templateManager === undefined ? '' : ` (set by ${deployment.templateManager})`;
  const cause =
    `.last holds the version of the file, but the cluster runs ${image}${by}; ` +
    'it is left as it is; save the dep file with a new content to deploy over it';
  const summary = `${subjectOf(observation)} ${version}: ${cause}`;
  return {
    kind: 'conclude',
    record: { ...adopted(observation, order, now), summary },
    event: targetEvent(observation, {
      id: `${observation.key}:adopted:${order.content.slice(0, 16)}:${image}`,
      what: 'drifted',
      version,
      image,
      summary,
      cause,
      at: now,
    }),
    signs: [],
  };
}
