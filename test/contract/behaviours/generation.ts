import { expect } from 'vitest';
import { numberAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, deployment, setImage } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { annotationsOf, generationOf, versionOf } from './words.ts';

const observedGenerationOf = (object: unknown): number => numberAt(object, 'status', 'observedGeneration');

/** A Deployment the controller has seen, annotated, and has nothing more to do with. */
async function settled(scene: Scene, replicas = 0): Promise<unknown> {
  await scene.create('deployments', deployment({ replicas }));
  return scene.until(
    'deployments',
    'web',
    (one) =>
      annotationsOf(one) !== undefined &&
      observedGenerationOf(one) >= 1 &&
      numberAt(one, 'status', 'availableReplicas') === replicas,
  );
}

export const generation: Area = {
  title: 'Generation and observedGeneration',
  behaviours: {
    'a new Deployment has generation 1, and no annotations before the controller has seen it': async (scene) => {
      const made = await scene.create('deployments', deployment());

      expect(generationOf(made)).toBe(1);
      expect(annotationsOf(made)).toBeUndefined();
    },
    'a change of the spec raises the generation by one': async (scene) => {
      await settled(scene);

      const patched = await scene.jsonPatch('deployments/web', [setImage('nginx:2')]);

      expect(generationOf(patched)).toBe(2);
    },
    'a change of an annotation of a Deployment raises the generation': async (scene) => {
      await settled(scene);

      const patched = await scene.mergePatch('deployments/web', { metadata: { annotations: { note: 'hello' } } });

      expect(generationOf(patched)).toBe(2);
    },
    'the revision annotation that the controller writes does not raise it': async (scene) => {
      const annotated = await settled(scene);

      expect(annotationsOf(annotated)).toEqual({ 'deployment.kubernetes.io/revision': '1' });
      expect(generationOf(annotated)).toBe(1);
    },
    'nor does the next revision after a change of the image': async (scene) => {
      await settled(scene);
      await scene.jsonPatch('deployments/web', [setImage('nginx:2')]);

      const rolled = await scene.until('deployments', 'web', (one) => observedGenerationOf(one) === 2);

      expect(annotationsOf(rolled)).toEqual({ 'deployment.kubernetes.io/revision': '2' });
      expect(generationOf(rolled)).toBe(2);
    },
    'a change of a label does not raise the generation': async (scene) => {
      await settled(scene);

      const patched = await scene.mergePatch('deployments/web', { metadata: { labels: { tier: 'front' } } });

      expect(generationOf(patched)).toBe(1);
    },
    'a write of the status does not raise the generation': async (scene) => {
      await settled(scene);

      const patched = await scene.mergePatch('deployments/web/status', { status: { collisionCount: 7 } });

      expect(generationOf(patched)).toBe(1);
      expect(numberAt(patched, 'status', 'collisionCount')).toBe(7);
    },
    'a patch that changes nothing raises neither generation nor version': async (scene) => {
      const before = await settled(scene);

      const after = await scene.jsonPatch('deployments/web', [setImage('nginx:1')]);

      expect([generationOf(after), versionOf(after)]).toEqual([1, versionOf(before)]);
    },
    'a generation sent by a client is ignored': async (scene) => {
      await settled(scene);

      const patched = await scene.jsonPatch('deployments/web', [
        { op: 'replace', path: '/metadata/generation', value: 77 },
      ]);

      expect(generationOf(patched)).toBe(1);
    },
    'a change of the scale raises the generation': async (scene) => {
      await settled(scene);

      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 1 } });

      expect(generationOf(await scene.read('deployments', 'web'))).toBe(2);
    },
    'a ConfigMap has no generation': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const patched = await scene.mergePatch('configmaps/a', { data: { x: '1' } });

      expect(generationOf(patched)).toBe(0);
    },
    'a ReplicaSet counts its spec, not its annotations': async (scene) => {
      await settled(scene);
      const [owned] = await scene.untilList('replicasets', (all) => all.length === 1);
      const before = generationOf(owned);
      await scene.mergePatch('deployments/web', { spec: { replicas: 1 } });

      const [after] = await scene.untilList('replicasets', ([one]) => numberAt(one, 'spec', 'replicas') === 1);

      expect(generationOf(after)).toBe(before + 1);
    },
    'after a patch the status is still that of the generation before': async (scene) => {
      await settled(scene, 1);

      const patched = await scene.jsonPatch('deployments/web', [setImage('nginx:2')]);

      expect(generationOf(patched)).toBe(2);
      expect(patched).toMatchObject({ status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1 } });
    },
    'a watch tells the patch before it tells that it was observed': async (scene) => {
      const before = await settled(scene, 1);
      const watch = await scene.watch('deployments', `resourceVersion=${versionOf(before)}`);
      await scene.jsonPatch('deployments/web', [setImage('nginx:2')]);

      await watch.until(({ object }) => observedGenerationOf(object) === 2);

      const pairs = watch.events.map(({ object }) => [generationOf(object), observedGenerationOf(object)]);
      expect(pairs[0]).toEqual([2, 1]);
      expect(pairs.every(([generation = 0, seen = 0]) => seen <= generation)).toBe(true);
    },
    'observedGeneration reaches the generation, also of changes that concern no pod': async (scene) => {
      await settled(scene);
      await scene.mergePatch('deployments/web', { metadata: { annotations: { note: 'hello' } } });

      const seen = await scene.until('deployments', 'web', (one) => observedGenerationOf(one) === 2);

      expect(generationOf(seen)).toBe(2);
    },
    'a deletion in the foreground raises the generation': async (scene) => {
      await settled(scene, 1);
      const watch = await scene.watch('deployments');

      await scene.request('DELETE', 'deployments/web', { body: { propagationPolicy: 'Foreground' } });

      const { object } = await watch.until(({ type }) => type === 'MODIFIED');
      expect(generationOf(object)).toBe(2);
    },
  },
};
