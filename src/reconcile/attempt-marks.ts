/** What a Deployment shows of an attempt. */
import type { Attempt } from '../domain/record.ts';
import type { DeploymentView } from '../domain/workload.ts';
import { ATTEMPT_ANNOTATION, FIELD_MANAGER } from './fence.ts';

/** Whether the patch of this attempt was the last of ours that was applied. */
export function carries(deployment: DeploymentView, attempt: Attempt): boolean {
  return deployment.annotations[ATTEMPT_ANNOTATION] === attempt.id;
}

/** Whether this very Deployment still runs what the attempt brought. */
export function runsImageOf(deployment: DeploymentView, attempt: Attempt): boolean {
  const image = deployment.containers.find((container) => container.name === attempt.container)?.image;
  return deployment.uid === attempt.uid && image === (attempt.appliedImage ?? attempt.image);
}

/** The attempt as the Deployment that carries it shows it. */
export function applied(attempt: Attempt, deployment: DeploymentView): Attempt {
  const image = deployment.containers.find((container) => container.name === attempt.container)?.image;
  // What another writer put there is not what admission made of ours.
  const isOurs = deployment.templateManager === undefined || deployment.templateManager === FIELD_MANAGER;
  return {
    ...attempt,
    uid: deployment.uid,
    generation: deployment.generation,
    ...(isOurs && image !== undefined ? { appliedImage: image } : {}),
  };
}
