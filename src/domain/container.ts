/** Which container of the pod template a dep file means. */
import { parseImage } from './image.ts';
import type { ContainerSpec } from './workload.ts';

export type ContainerChoice =
  | { readonly kind: 'container'; readonly index: number; readonly container: ContainerSpec }
  | { readonly kind: 'refused'; readonly problem: string };

/**
 * The container by the dep file's `container:` line, else the one named like the service, else the only one, else the
 * one that already runs the repository of `image`; otherwise refused, naming the containers there are.
 *
 * @param image the wanted image when it is known without the container (a full reference or `ECR_REPO`)
 */
export function chooseContainer(
  containers: readonly ContainerSpec[],
  wanted: { readonly service: string; readonly container?: string; readonly image?: string },
): ContainerChoice {
  // The API server accepts no such Deployment; the words are those of the Go engine.
  if (containers.length === 0) return refused(`no containers found in deployment ${wanted.service}`);
  const names = containers.map((container) => container.name).join(', ');
  if (wanted.container !== undefined) {
    return (
      pick(containers, (container) => container.name === wanted.container) ??
      refused(`no container is named "${wanted.container}"; there are: ${names}`)
    );
  }
  const repository = wanted.image === undefined ? undefined : parseImage(wanted.image)?.repository;
  return (
    pick(containers, (container) => container.name === wanted.service) ??
    pick(containers, () => true) ??
    pick(
      containers,
      (container) => repository !== undefined && parseImage(container.image)?.repository === repository,
    ) ??
    refused(`several containers could be meant: ${names}; add a line "container: <name>"`)
  );
}

function pick(
  containers: readonly ContainerSpec[],
  matches: (container: ContainerSpec) => boolean,
): ContainerChoice | undefined {
  const index = containers.findIndex(matches);
  const container = containers[index];
  if (container === undefined || containers.findLastIndex(matches) !== index) return undefined;
  return { kind: 'container', index, container };
}

function refused(problem: string): ContainerChoice {
  return { kind: 'refused', problem };
}
