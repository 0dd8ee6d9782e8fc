/** The Deployment `web`, which most behaviours about rollouts and pods are shown on. */
import { JSON_PATCH } from '../../support/api-client.ts';
import { numberAt, textAt } from '../../support/json.ts';
import { type DeploymentParts, deployment, setImage } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { condition, generationOf, imageOf, nameOf } from './words.ts';

const REVISION = 'deployment.kubernetes.io/revision';

/** A counter of its status; 0 where it is left out. */
export const status = (object: unknown, field: string): number => numberAt(object, 'status', field);
/** Whether the controller has seen the newest version. */
export const observed = (object: unknown): boolean => status(object, 'observedGeneration') === generationOf(object);
/** The revision annotation, of a Deployment or a ReplicaSet; '' without one. */
export const revisionOf = (object: unknown): string => textAt(object, 'metadata', 'annotations', REVISION);

/** As `kubectl rollout status` has it. */
export function complete(object: unknown): boolean {
  const wanted = numberAt(object, 'spec', 'replicas');
  const counts = ['replicas', 'updatedReplicas', 'availableReplicas'].map((field) => status(object, field));
  return observed(object) && counts.every((count) => count === wanted);
}

/** Creates `web` without pods, for what concerns the object alone. */
export const withoutPods = (scene: Scene) => scene.create('deployments', deployment({ replicas: 0 }));

/** The answer to a JSON Patch of it, whatever it is; `scene.jsonPatch` is for one that must succeed. */
export const jsonPatch = (scene: Scene, ...body: readonly object[]) =>
  scene.request('PATCH', 'deployments/web', { body, contentType: JSON_PATCH });

/** Creates `web` and waits until it is rolled out. */
export async function rolledOut(scene: Scene, parts: DeploymentParts = {}): Promise<unknown> {
  await scene.create('deployments', deployment(parts));
  return scene.until('deployments', 'web', complete);
}

/** Gives it another image. */
export const roll = (scene: Scene, image: string) => scene.jsonPatch('deployments/web', [setImage(image)]);
export const untilComplete = (scene: Scene) => scene.until('deployments', 'web', complete);

/** What its ReplicaSets are told to have, by image: `{ 'nginx:1': 2 }`. */
export async function sizes(scene: Scene): Promise<Readonly<Record<string, number>>> {
  const all = await scene.list('replicasets');
  return Object.fromEntries(all.map((one) => [imageOf(one), numberAt(one, 'spec', 'replicas')]));
}

/** Part of a Deployment's spec. */
export const rollingUpdate = (maxSurge: number | string, maxUnavailable: number | string) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});

/** How many pods its ReplicaSets were told to have, all together and at most. A status may lag behind, and show more. */
export async function mostWanted(scene: Scene, act: () => Promise<unknown>): Promise<number> {
  const watch = await scene.watch('replicasets');
  await act();
  const wanted = new Map<string, number>();
  const sums = watch.events.map(({ object }) => {
    wanted.set(nameOf(object), numberAt(object, 'spec', 'replicas'));
    return [...wanted.values()].reduce((sum, one) => sum + one, 0);
  });
  return Math.max(...sums);
}

/** Statuses of `web` that a watch told, from the patch on. */
export async function toldWhile(scene: Scene, act: () => Promise<unknown>): Promise<readonly unknown[]> {
  const watch = await scene.watch('deployments');
  await act();
  await watch.until(({ object }) => generationOf(object) > 1 && complete(object));
  return watch.events.map(({ object }) => object);
}

export const ready = (pod: unknown): boolean => textAt(condition(pod, 'Ready'), 'status') === 'True';

/** Creates `web` and answers with its pods, once all are ready. */
export async function serving(scene: Scene, parts: DeploymentParts = {}): Promise<readonly unknown[]> {
  await scene.create('deployments', deployment(parts));
  return scene.untilList('pods', (all) => all.length === (parts.replicas ?? 1) && all.every(ready));
}
