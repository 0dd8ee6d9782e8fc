/** How far a rollout is, read from the Deployment alone. */
import type { DeploymentView } from '../domain/workload.ts';

export type Progress =
  /** The controller has not seen the change yet: every counter still describes the previous rollout. */
  | { readonly kind: 'unobserved' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'running'; readonly detail: string };

/**
 * A number that grows with each step of a rollout: a new replica made, an old one gone, then a new one available. It
 * says nothing by itself; two of one rollout can be compared.
 */
export function stepOf({ updatedReplicas, statusReplicas, availableReplicas }: DeploymentView): number {
  const old = statusReplicas - updatedReplicas;
  return updatedReplicas - old + (old === 0 ? availableReplicas : 0);
}

/**
 * kubectl's rule (`kubectl rollout status`): nothing counts before `observedGeneration` has reached the generation;
 * then every replica is updated, no old one is left, and every updated one is available.
 */
export function progressOf(deployment: DeploymentView): Progress {
  if (deployment.observedGeneration < deployment.generation) return { kind: 'unobserved' };
  const { replicas, updatedReplicas, statusReplicas, availableReplicas } = deployment;
  if (updatedReplicas < replicas) {
    return { kind: 'running', detail: `${updatedReplicas} of ${replicas} replicas updated` };
  }
  if (statusReplicas > updatedReplicas) {
    const old = statusReplicas - updatedReplicas;
    return { kind: 'running', detail: `${old} old replica${old === 1 ? '' : 's'} pending termination` };
  }
  if (availableReplicas < updatedReplicas) {
    return { kind: 'running', detail: `${availableReplicas} of ${updatedReplicas} replicas available` };
  }
  return { kind: 'complete' };
}
