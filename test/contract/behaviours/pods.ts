import { expect } from 'vitest';
import { at, listAt, numberAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { pod, setImage } from '../manifests.ts';
import { ready, serving } from './web.ts';
import { condition, nameOf, names, uidOf, verdict } from './words.ts';

/** The waiting reason of the pod's only container. */
const waiting = (object: unknown): string =>
  textAt(object, 'status', 'containerStatuses', 0, 'state', 'waiting', 'reason');

export const pods: Area = {
  title: 'ReplicaSets and pods',
  behaviours: {
    'a ReplicaSet is owned by its Deployment, and a pod by its ReplicaSet': async (scene) => {
      const [running] = await serving(scene);
      const [replicaSet] = await scene.list('replicasets');
      const web = await scene.read('deployments', 'web');

      const owned = { controller: true, blockOwnerDeletion: true };
      const ofDeployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: uidOf(web), ...owned };
      expect(listAt(replicaSet, 'metadata', 'ownerReferences')).toEqual([ofDeployment]);
      const ofReplicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: nameOf(replicaSet), ...owned };
      expect(listAt(running, 'metadata', 'ownerReferences')).toEqual([{ ...ofReplicaSet, uid: uidOf(replicaSet) }]);
    },
    'names and labels carry the hash of the template': async (scene) => {
      const [running] = await serving(scene);
      const [replicaSet] = await scene.list('replicasets');

      const hash = textAt(replicaSet, 'metadata', 'labels', 'pod-template-hash');
      expect(hash).toMatch(/^[a-z0-9]{8,10}$/);
      expect(nameOf(replicaSet)).toBe(`web-${hash}`);
      expect(nameOf(running)).toMatch(new RegExp(`^web-${hash}-[a-z0-9]{5}$`));
      expect(at(running, 'metadata', 'labels')).toEqual({ app: 'web', 'pod-template-hash': hash });
      expect(at(replicaSet, 'spec', 'selector', 'matchLabels')).toEqual({ app: 'web', 'pod-template-hash': hash });
    },
    'another template has another hash': async (scene) => {
      await serving(scene);
      await scene.jsonPatch('deployments/web', [setImage('nginx:2')]);

      const all = await scene.untilList('replicasets', (found) => found.length === 2);

      expect(new Set(names(all)).size).toBe(2);
    },
    'a pod that is ready says so in phase, conditions and container': async (scene) => {
      const [running] = await serving(scene);

      expect(textAt(running, 'status', 'phase')).toBe('Running');
      const types = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'];
      expect(types.map((type) => textAt(condition(running, type), 'status'))).toEqual(types.map(() => 'True'));
      expect(at(running, 'status', 'containerStatuses', 0)).toMatchObject({
        name: 'app',
        ready: true,
        restartCount: 0,
        state: { running: {} },
      });
    },
    'an image that cannot be pulled: ErrImagePull, then ImagePullBackOff, with the words of the registry': async (
      scene,
    ) => {
      const watch = await scene.watch('pods');
      await scene.create('pods', pod('one', 'nginx:does-not-exist'));

      const failed = await watch.until(({ object }) => waiting(object) === 'ErrImagePull');
      await watch.until(({ object }) => waiting(object) === 'ImagePullBackOff');

      const { message } = Object(at(failed.object, 'status', 'containerStatuses', 0, 'state', 'waiting'));
      expect(message).toContain('nginx:does-not-exist');
      expect(textAt(failed.object, 'status', 'phase')).toBe('Pending');
    },
    'a container that crashes: CrashLoopBackOff, restarts and the last exit': async (scene) => {
      await scene.create('pods', pod('one', 'nginx:crash'));

      const crashed = await scene.until(
        'pods',
        'one',
        (object) =>
          waiting(object) === 'CrashLoopBackOff' &&
          numberAt(object, 'status', 'containerStatuses', 0, 'restartCount') > 0,
      );

      expect(at(crashed, 'status', 'containerStatuses', 0, 'lastState', 'terminated')).toMatchObject({
        exitCode: 1,
        reason: 'Error',
      });
    },
    'a pod no node has room for stays pending and says why': async (scene) => {
      await scene.create('pods', pod('one', 'nginx:unschedulable'));

      const pending = await scene.until('pods', 'one', (object) => condition(object, 'PodScheduled') !== undefined);

      expect(condition(pending, 'PodScheduled')).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    },
    'the image of a pod can be changed, the rest of its spec cannot': async (scene) => {
      await scene.create('pods', pod('one', 'nginx:unschedulable'));
      const image = { op: 'replace', path: '/spec/containers/0/image', value: 'nginx:2' };
      const policy = { op: 'replace', path: '/spec/dnsPolicy', value: 'Default' };

      const patched = await scene.jsonPatch('pods/one', [image]);
      const answer = await scene.request('PATCH', 'pods/one', {
        body: [policy],
        contentType: 'application/json-patch+json',
      });

      expect(textAt(patched, 'spec', 'containers', 0, 'image')).toBe('nginx:2');
      expect(verdict(answer)).toBe('422 Invalid');
    },
    'a pod that fits the selector of a ReplicaSet is taken over': async (scene) => {
      await serving(scene);
      const [replicaSet] = await scene.list('replicasets');
      const { matchLabels } = Object(at(replicaSet, 'spec', 'selector'));
      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 2 } });
      await scene.untilList('pods', (all) => all.length === 2 && all.every(ready));

      await scene.create('pods', pod('stranger', 'nginx:1', matchLabels));

      // One too many now: one of the three has to go.
      await scene.untilList(
        'pods',
        (all) => all.filter((one) => !at(one, 'metadata', 'deletionTimestamp')).length === 2,
      );
      const uids = (await scene.list('pods')).map((one) => textAt(one, 'metadata', 'ownerReferences', 0, 'uid'));
      expect(new Set(uids)).toEqual(new Set([uidOf(replicaSet)]));
    },
    'a pod whose label is taken away is let go, and replaced': async (scene) => {
      const [before] = await serving(scene);

      await scene.mergePatch(`pods/${nameOf(before)}`, { metadata: { labels: { app: 'other' } } });
      await scene.untilList('pods', (all) => all.length === 2);

      const free = await scene.until(
        'pods',
        nameOf(before),
        (one) => at(one, 'metadata', 'ownerReferences') === undefined,
      );
      expect(nameOf(free)).toBe(nameOf(before));
    },
  },
};
