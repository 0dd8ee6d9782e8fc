import { expect } from 'vitest';
import { at, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { deployment } from '../manifests.ts';
import {
  mostWanted,
  observed,
  roll,
  rolledOut,
  rollingUpdate,
  sizes,
  status,
  toldWhile,
  untilComplete,
} from './web.ts';
import { condition, nameOf } from './words.ts';

/**
 * The shortest of which a busy controller learns in time: it looks again at one that has less than a second left at a
 * rate it shares out among all Deployments, retries of other ones first.
 */
const SHORT_DEADLINE = { progressDeadlineSeconds: 3 };

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
    'with minReadySeconds a ready pod is available only after that time': async (scene) => {
      const watch = await scene.watch('deployments');
      await scene.create('deployments', deployment({ spec: { minReadySeconds: 2 } }));
      await untilComplete(scene);

      const ready = await watch.until(({ object }) => status(object, 'readyReplicas') === 1);
      expect(status(ready.object, 'availableReplicas')).toBe(0);
    },
    'past the progress deadline the condition says so, and nothing else is done': async (scene) => {
      await scene.create('deployments', deployment({ image: 'nginx:never', spec: SHORT_DEADLINE }));

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
      await scene.create('deployments', deployment({ pods: 'slow after=50s', spec: SHORT_DEADLINE }));

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
      await scene.create('deployments', deployment({ image: 'nginx:never', spec: SHORT_DEADLINE }));
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
  },
};
