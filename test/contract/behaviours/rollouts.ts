import { expect } from 'vitest';
import { at, numberAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { type DeploymentParts, deployment, setImage } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { annotationsOf, condition, generationOf, imageOf, nameOf, uidOf } from './words.ts';

const REVISION = 'deployment.kubernetes.io/revision';

const status = (object: unknown, field: string): number => numberAt(object, 'status', field);
const observed = (object: unknown): boolean => status(object, 'observedGeneration') === generationOf(object);
const revisionOf = (object: unknown): string => textAt(object, 'metadata', 'annotations', REVISION);

/** As `kubectl rollout status` has it. */
function complete(object: unknown): boolean {
  const wanted = numberAt(object, 'spec', 'replicas');
  const counts = ['replicas', 'updatedReplicas', 'availableReplicas'].map((field) => status(object, field));
  return observed(object) && counts.every((count) => count === wanted);
}

/** Creates `web` and waits until it is rolled out. */
async function rolledOut(scene: Scene, parts: DeploymentParts = {}): Promise<unknown> {
  await scene.create('deployments', deployment(parts));
  return scene.until('deployments', 'web', complete);
}

const roll = (scene: Scene, image: string) => scene.jsonPatch('deployments/web', [setImage(image)]);
const untilComplete = (scene: Scene) => scene.until('deployments', 'web', complete);

/** Its ReplicaSets, by image: `{ 'nginx:1': 2 }`. */
async function sizes(scene: Scene): Promise<Readonly<Record<string, number>>> {
  const all = await scene.list('replicasets');
  return Object.fromEntries(all.map((one) => [imageOf(one), numberAt(one, 'spec', 'replicas')]));
}

const rollingUpdate = (maxSurge: number | string, maxUnavailable: number | string) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});

/** How many pods its ReplicaSets were told to have, all together and at most. A status may lag behind, and show more. */
async function mostWanted(scene: Scene, act: () => Promise<unknown>): Promise<number> {
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
async function toldWhile(scene: Scene, act: () => Promise<unknown>): Promise<readonly unknown[]> {
  const watch = await scene.watch('deployments');
  await act();
  await watch.until(({ object }) => generationOf(object) > 1 && complete(object));
  return watch.events.map(({ object }) => object);
}

export const rollouts: Area = {
  title: 'Rollouts',
  behaviours: {
    'a new Deployment becomes available, with its counters and conditions': async (scene) => {
      const done = await rolledOut(scene, { replicas: 2 });

      expect(at(done, 'status')).toMatchObject({
        observedGeneration: 1,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
      });
      expect(condition(done, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    },
    'counters that are zero are left out': async (scene) => {
      const done = await rolledOut(scene, { replicas: 0 });

      const words = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'];
      expect(words.filter((word) => at(done, 'status', word) !== undefined)).toEqual([]);
    },
    'a complete rollout is told by the reason NewReplicaSetAvailable': async (scene) => {
      await rolledOut(scene);

      const done = await scene.until(
        'deployments',
        'web',
        (one) => textAt(condition(one, 'Progressing'), 'reason') === 'NewReplicaSetAvailable',
      );

      const [replicaSet] = await scene.list('replicasets');
      expect(condition(done, 'Progressing')).toMatchObject({
        status: 'True',
        message: `ReplicaSet "${nameOf(replicaSet)}" has successfully progressed.`,
      });
    },
    'a change of the image replaces every pod': async (scene) => {
      await rolledOut(scene, { replicas: 2 });

      await roll(scene, 'nginx:2');
      await untilComplete(scene);

      expect(await sizes(scene)).toEqual({ 'nginx:1': 0, 'nginx:2': 2 });
      const pods = await scene.untilList('pods', (all) => all.length === 2);
      expect(pods.map((one) => textAt(one, 'spec', 'containers', 0, 'image'))).toEqual(['nginx:2', 'nginx:2']);
    },
    'a rollout stays within its surge': async (scene) => {
      await rolledOut(scene, { replicas: 3, spec: rollingUpdate(1, 0) });

      const most = await mostWanted(scene, async () => {
        const told = await toldWhile(scene, () => roll(scene, 'nginx:2'));
        expect(Math.min(...told.map((one) => status(one, 'availableReplicas')))).toBe(3);
      });

      expect(most).toBe(4);
    },
    'a rollout stays within what may be unavailable': async (scene) => {
      await rolledOut(scene, { replicas: 3, spec: rollingUpdate(0, 1) });

      const most = await mostWanted(scene, async () => {
        const told = await toldWhile(scene, () => roll(scene, 'nginx:2'));
        expect(Math.min(...told.map((one) => status(one, 'availableReplicas')))).toBe(2);
      });

      expect(most).toBe(3);
    },
    'shares in percent round the surge up and the unavailable down': async (scene) => {
      await rolledOut(scene, { replicas: 3, spec: rollingUpdate('25%', '25%') });
      await roll(scene, 'nginx:never');

      await scene.until('deployments', 'web', (one) => observed(one) && status(one, 'replicas') === 4);

      expect(await sizes(scene)).toEqual({ 'nginx:1': 3, 'nginx:never': 1 });
    },
    'the rollout of an image that cannot be pulled leaves the old pods serving': async (scene) => {
      await rolledOut(scene, { replicas: 2 });
      await roll(scene, 'nginx:does-not-exist');

      const stuck = await scene.until('deployments', 'web', (one) => observed(one) && status(one, 'replicas') === 3);

      expect(at(stuck, 'status')).toMatchObject({ updatedReplicas: 1, availableReplicas: 2, unavailableReplicas: 1 });
    },
    'Recreate takes the old pods down before the new ones come': async (scene) => {
      await rolledOut(scene, { replicas: 2, spec: { strategy: { type: 'Recreate' } } });

      const told = await toldWhile(scene, () => roll(scene, 'nginx:2'));

      const counts = told.map((one) => [status(one, 'updatedReplicas'), status(one, 'availableReplicas')]);
      expect(counts).toContainEqual([0, 0]);
      expect(await sizes(scene)).toEqual({ 'nginx:1': 0, 'nginx:2': 2 });
    },
    'a paused Deployment is observed and rolls nothing out': async (scene) => {
      await rolledOut(scene);
      await scene.mergePatch('deployments/web', { spec: { paused: true } });
      await roll(scene, 'nginx:2');

      const paused = await scene.until('deployments', 'web', observed);

      expect(await sizes(scene)).toEqual({ 'nginx:1': 1 });
      expect(condition(paused, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
    },
    'a paused Deployment is scaled all the same': async (scene) => {
      await rolledOut(scene);
      await scene.mergePatch('deployments/web', { spec: { paused: true } });
      await scene.mergePatch('deployments/web', { spec: { replicas: 2 } });

      await untilComplete(scene);

      expect(await sizes(scene)).toEqual({ 'nginx:1': 2 });
    },
    'resumed it rolls out what came meanwhile': async (scene) => {
      await rolledOut(scene);
      await scene.mergePatch('deployments/web', { spec: { paused: true } });
      await roll(scene, 'nginx:2');
      await scene.until('deployments', 'web', observed);

      await scene.mergePatch('deployments/web', { spec: { paused: false } });
      await untilComplete(scene);

      expect(await sizes(scene)).toEqual({ 'nginx:1': 0, 'nginx:2': 1 });
    },
    'a Deployment of no replicas is complete at once, and rolls at once': async (scene) => {
      await rolledOut(scene, { replicas: 0 });

      await roll(scene, 'nginx:2');
      const done = await scene.until('deployments', 'web', (one) => observed(one) && revisionOf(one) === '2');

      expect(complete(done)).toBe(true);
      expect(await sizes(scene)).toEqual({ 'nginx:1': 0, 'nginx:2': 0 });
    },
    'with minReadySeconds a ready pod is available only after that time': async (scene) => {
      const watch = await scene.watch('deployments');
      await scene.create('deployments', deployment({ spec: { minReadySeconds: 2 } }));
      await untilComplete(scene);

      const ready = await watch.until(({ object }) => status(object, 'readyReplicas') === 1);
      expect(status(ready.object, 'availableReplicas')).toBe(0);
    },
    'past the progress deadline the condition says so, and nothing else is done': async (scene) => {
      await scene.create('deployments', deployment({ image: 'nginx:never', spec: { progressDeadlineSeconds: 1 } }));

      const late = await scene.until(
        'deployments',
        'web',
        (one) => textAt(condition(one, 'Progressing'), 'status') === 'False',
      );

      const [replicaSet] = await scene.list('replicasets');
      expect(condition(late, 'Progressing')).toMatchObject({
        reason: 'ProgressDeadlineExceeded',
        message: `ReplicaSet "${nameOf(replicaSet)}" has timed out progressing.`,
      });
      expect(await sizes(scene)).toEqual({ 'nginx:never': 1 });
    },
    'a rollout past its deadline that becomes ready is complete after all': async (scene) => {
      const watch = await scene.watch('deployments');
      await scene.create('deployments', deployment({ pods: 'slow after=20s', spec: { progressDeadlineSeconds: 1 } }));

      await watch.until(({ object }) => textAt(condition(object, 'Progressing'), 'status') === 'False');
      const done = await untilComplete(scene);

      await scene.until(
        'deployments',
        'web',
        (one) => textAt(condition(one, 'Progressing'), 'reason') === 'NewReplicaSetAvailable',
      );
      expect(nameOf(done)).toBe('web');
    },
    'a new change starts the progress deadline anew': async (scene) => {
      const spec = { progressDeadlineSeconds: 1 };
      await scene.create('deployments', deployment({ image: 'nginx:never', spec }));
      await scene.until('deployments', 'web', (one) => textAt(condition(one, 'Progressing'), 'status') === 'False');

      await roll(scene, 'nginx:2');

      await scene.until(
        'deployments',
        'web',
        (one) => textAt(condition(one, 'Progressing'), 'reason') === 'NewReplicaSetAvailable',
      );
    },
    'without enough available pods the condition Available is False': async (scene) => {
      await scene.create('deployments', deployment({ image: 'nginx:never' }));

      const down = await scene.until('deployments', 'web', (one) => condition(one, 'Available') !== undefined);

      expect(condition(down, 'Available')).toMatchObject({
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      });
    },
    'each new template gets the next revision, on Deployment and ReplicaSet': async (scene) => {
      await rolledOut(scene);
      await roll(scene, 'nginx:2');

      const done = await untilComplete(scene);

      expect(revisionOf(done)).toBe('2');
      const revisions = (await scene.list('replicasets')).map((one) => `${imageOf(one)} ${revisionOf(one)}`);
      expect(revisions.toSorted()).toEqual(['nginx:1 1', 'nginx:2 2']);
    },
    'a change of replicas is no new revision': async (scene) => {
      await rolledOut(scene);
      await scene.mergePatch('deployments/web', { spec: { replicas: 2 } });

      expect(revisionOf(await untilComplete(scene))).toBe('1');
    },
    'going back to an old template takes its ReplicaSet up again, as the newest revision': async (scene) => {
      await rolledOut(scene);
      const [first] = await scene.list('replicasets');
      await roll(scene, 'nginx:2');
      await untilComplete(scene);

      await roll(scene, 'nginx:1');
      const done = await untilComplete(scene);

      expect(revisionOf(done)).toBe('3');
      const again = await scene.read('replicasets', nameOf(first));
      expect([uidOf(again), revisionOf(again)]).toEqual([uidOf(first), '3']);
      expect(at(annotationsOf(again), 'deployment.kubernetes.io/revision-history')).toBe('1');
      expect(await scene.list('replicasets')).toHaveLength(2);
    },
    'the change cause of the Deployment is kept on the ReplicaSet': async (scene) => {
      await rolledOut(scene, { annotations: { 'kubernetes.io/change-cause': 'first' } });

      const [replicaSet] = await scene.list('replicasets');

      expect(annotationsOf(replicaSet)).toMatchObject({
        'kubernetes.io/change-cause': 'first',
        'deployment.kubernetes.io/desired-replicas': '1',
        'deployment.kubernetes.io/max-replicas': '2',
      });
    },
    'a newer template in the middle of a rollout supersedes it': async (scene) => {
      await rolledOut(scene, { replicas: 2 });
      await roll(scene, 'nginx:does-not-exist');
      await scene.until('deployments', 'web', (one) => observed(one) && status(one, 'updatedReplicas') > 0);

      await roll(scene, 'nginx:3');
      await untilComplete(scene);

      expect(await sizes(scene)).toEqual({ 'nginx:1': 0, 'nginx:does-not-exist': 0, 'nginx:3': 2 });
    },
    'scaling in the middle of a rollout is shared among old and new pods': async (scene) => {
      await rolledOut(scene, { replicas: 4, spec: rollingUpdate(1, 1) });
      await roll(scene, 'nginx:never');
      await scene.until('deployments', 'web', (one) => observed(one) && status(one, 'updatedReplicas') === 2);

      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 8 } });
      await scene.until('deployments', 'web', (one) => observed(one) && status(one, 'replicas') === 9);

      const { 'nginx:1': old = 0, 'nginx:never': fresh = 0 } = await sizes(scene);
      expect([old, fresh]).toEqual([5, 4]);
    },
    'a scaling to nothing takes all pods away': async (scene) => {
      await rolledOut(scene, { replicas: 2 });
      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 0 } });

      await scene.until('deployments', 'web', (one) => observed(one) && at(one, 'status', 'replicas') === undefined);

      await scene.untilList('pods', (all) => all.length === 0);
    },
    'old ReplicaSets beyond the history limit are removed': async (scene) => {
      await rolledOut(scene, { spec: { revisionHistoryLimit: 1 } });
      for (const image of ['nginx:2', 'nginx:3']) {
        await roll(scene, image);
        await untilComplete(scene);
      }

      const kept = await scene.untilList('replicasets', (all) => all.length === 2);

      expect(kept.map(imageOf).toSorted()).toEqual(['nginx:2', 'nginx:3']);
    },
    'a change of an annotation of the template is a rollout': async (scene) => {
      await rolledOut(scene);
      const metadata = { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' } };

      await scene.mergePatch('deployments/web', { spec: { template: { metadata } } });
      const done = await untilComplete(scene);

      expect(revisionOf(done)).toBe('2');
    },
    'a change of an annotation of the Deployment is no rollout': async (scene) => {
      await rolledOut(scene);

      await scene.mergePatch('deployments/web', { metadata: { annotations: { note: 'hello' } } });
      const done = await untilComplete(scene);

      expect(revisionOf(done)).toBe('1');
      expect(await scene.list('replicasets')).toHaveLength(1);
    },
  },
};
