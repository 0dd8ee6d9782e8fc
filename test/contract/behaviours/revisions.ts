import { expect } from 'vitest';
import { at } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { complete, observed, revisionOf, roll, rolledOut, rollingUpdate, sizes, status, untilComplete } from './web.ts';
import { annotationsOf, condition, imageOf, nameOf, uidOf } from './words.ts';

export const revisions: Area = {
  title: 'Pauses, scaling and revisions',
  behaviours: {
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
    'each new template gets the next revision, on Deployment and ReplicaSet': async (scene) => {
      await rolledOut(scene);
      await roll(scene, 'nginx:2');

      const done = await untilComplete(scene);

      expect(revisionOf(done)).toBe('2');
      const revisions = (await scene.list('replicasets')).map((one) => `${imageOf(one)} ${revisionOf(one)}`);
      expect(revisions.toSorted()).toEqual(['nginx:1 1', 'nginx:2 2']);
    },
    'a change of replicas is not a new revision': async (scene) => {
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
    'a change of an annotation of the Deployment is not a rollout': async (scene) => {
      await rolledOut(scene);

      await scene.mergePatch('deployments/web', { metadata: { annotations: { note: 'hello' } } });
      const done = await untilComplete(scene);

      expect(revisionOf(done)).toBe('1');
      expect(await scene.list('replicasets')).toHaveLength(1);
    },
  },
};
