/** A wish to deploy, and what it means for one Deployment. */
import { chooseContainer } from '../domain/container.ts';
import type { DepRequest } from '../domain/dep-file.ts';
import { imageForVersion } from '../domain/image.ts';
import type { Attempt, PendingAttempt } from '../domain/record.ts';
import type { DeploymentView } from '../domain/workload.ts';

/** A version to deploy, as the dep file or the engine itself (rollback, drift) asks for it. */
export interface Order {
  readonly kind: Attempt['kind'];
  readonly content: string;
  readonly request: DepRequest;
  /** Set when the image is known already and no rule is to be applied. */
  readonly image?: string;
}

/** The order an attempt came from, with the image it had: today's settings could make another one of its version. */
export function orderAgain(attempt: PendingAttempt): Pick<Order, 'request' | 'image'> {
  const { version, container, image } = attempt;
  return { request: { version, container }, image };
}

export type ContainerImage =
  | { readonly kind: 'chosen'; index: number; container: string; image: string; previousImage: string }
  | { readonly kind: 'refused'; readonly problem: string };

/** @param repo `ECR_REPO` */
export function chooseImage(deployment: DeploymentView, order: Order, repo: string | undefined): ContainerImage {
  const { request } = order;
  const service = deployment.name;
  // Without a repository a bare tag needs the container first; anything else can help to find the container.
  const known = order.image === undefined ? imageForVersion(request.version, repo, service, undefined) : undefined;
  const image = order.image ?? (known?.kind === 'image' ? known.image : undefined);
  const choice = chooseContainer(deployment.containers, {
    service,
    ...(request.container === undefined ? {} : { container: request.container }),
    ...(image === undefined ? {} : { image }),
  });
  if (choice.kind === 'refused') return choice;
  const { index, container } = choice;
  const found =
    order.image === undefined
      ? imageForVersion(request.version, repo, service, container.image)
      : { kind: 'image' as const, image: order.image };
  if (found.kind === 'refused') return found;
  return { kind: 'chosen', index, container: container.name, image: found.image, previousImage: container.image };
}
