import { expect } from 'vitest';
import { at, listAt, numberAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { pod } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { ready, serving } from './web.ts';
import { imageOf, nameOf, names, uidOf, verdict } from './words.ts';

/** `reason: message` of the events about one kind of object. */
async function events(scene: Scene, kind: string): Promise<readonly string[]> {
  const all = await scene.list('events', `fieldSelector=involvedObject.kind=${kind}`);
  return all.map((one) => `${textAt(one, 'reason')}: ${textAt(one, 'message')}`);
}

export const deletion: Area = {
  title: 'Deletion and events',
  behaviours: {
    'a pod that is deleted terminates first, and is replaced': async (scene) => {
      const [before] = await serving(scene);
      const watch = await scene.watch('pods', `fieldSelector=metadata.name=${nameOf(before)}`);

      const answer = await scene.request('DELETE', `pods/${nameOf(before)}`);
      await watch.until(({ type }) => type === 'DELETED');

      expect(textAt(answer.body, 'metadata', 'deletionTimestamp')).not.toBe('');
      expect(at(answer.body, 'metadata', 'deletionGracePeriodSeconds')).toBe(1);
      const [after] = await scene.untilList('pods', (all) => all.length === 1 && all.every(ready));
      expect(nameOf(after)).not.toBe(nameOf(before));
    },
    'a pod deleted with grace 0 is gone at once': async (scene) => {
      await scene.create('pods', pod('one'));
      await scene.until('pods', 'one', ready);

      await scene.request('DELETE', 'pods/one?gracePeriodSeconds=0');

      expect(verdict(await scene.request('GET', 'pods/one'))).toBe('404 NotFound');
    },
    'a deleted Deployment goes at once, its ReplicaSets and pods follow': async (scene) => {
      await serving(scene);

      const answer = await scene.request('DELETE', 'deployments/web');
      const missing = await scene.request('GET', 'deployments/web');

      expect(answer.body).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'web', group: 'apps' } });
      expect(verdict(missing)).toBe('404 NotFound');
      await scene.untilList('replicasets', (all) => all.length === 0);
      await scene.untilList('pods', (all) => all.length === 0);
    },
    'deleted in the foreground it waits for its pods': async (scene) => {
      await serving(scene);
      const watch = await scene.watch('deployments', 'resourceVersion=0');

      const answer = await scene.request('DELETE', 'deployments/web', { body: { propagationPolicy: 'Foreground' } });
      await watch.until(({ type }) => type === 'DELETED');

      expect(at(answer.body, 'metadata', 'finalizers')).toEqual(['foregroundDeletion']);
      expect(await scene.list('pods')).toEqual([]);
    },
    'deleted as an orphan it leaves its ReplicaSet and pods behind': async (scene) => {
      const [before] = await serving(scene);

      await scene.request('DELETE', 'deployments/web', { body: { propagationPolicy: 'Orphan' } });
      const [replicaSet] = await scene.untilList('replicasets', ([one]) => !at(one, 'metadata', 'ownerReferences'));

      expect(imageOf(replicaSet)).toBe('nginx:1');
      expect(names(await scene.list('pods'))).toEqual([nameOf(before)]);
    },
    'a finalizer holds a deletion until it is taken away': async (scene) => {
      await scene.create('configmaps', { metadata: { name: 'a', finalizers: ['example.com/wait'] } });

      const { body } = await scene.request('DELETE', 'configmaps/a');
      const held = await scene.read('configmaps', 'a');
      await scene.mergePatch('configmaps/a', { metadata: { finalizers: null } });

      expect(textAt(body, 'metadata', 'deletionTimestamp')).not.toBe('');
      expect(textAt(held, 'metadata', 'deletionTimestamp')).not.toBe('');
      expect(verdict(await scene.request('GET', 'configmaps/a'))).toBe('404 NotFound');
    },
    'a delete for another uid is refused with 409': async (scene) => {
      await scene.create('configmaps', { metadata: { name: 'a' } });
      const body = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };

      const answer = await scene.request('DELETE', 'configmaps/a', { body });

      expect(verdict(answer)).toBe('409 Conflict');
    },
    'a collection can be deleted by label': async (scene) => {
      await scene.create('configmaps', { metadata: { name: 'a', labels: { of: 'mine' } } });
      await scene.create('configmaps', { metadata: { name: 'b' } });

      const answer = await scene.request('DELETE', 'configmaps?labelSelector=of%3Dmine');

      expect(answer.status).toBe(200);
      expect(names(await scene.list('configmaps'))).toEqual(['b']);
    },
    'the Deployment controller reports each scaling as an event': async (scene) => {
      await serving(scene);
      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 2 } });
      const query = 'fieldSelector=involvedObject.kind=Deployment';
      await scene.untilList('events', (all) => all.length === 2, query);

      const [replicaSet] = await scene.list('replicasets');
      expect((await events(scene, 'Deployment')).toSorted()).toEqual([
        `ScalingReplicaSet: Scaled up replica set ${nameOf(replicaSet)} from 0 to 1`,
        `ScalingReplicaSet: Scaled up replica set ${nameOf(replicaSet)} from 1 to 2`,
      ]);
    },
    'the ReplicaSet controller reports each pod it creates and deletes': async (scene) => {
      const [running] = await serving(scene);
      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 0 } });
      const query = 'fieldSelector=involvedObject.kind=ReplicaSet';
      await scene.untilList('events', (all) => all.length === 2, query);

      expect((await events(scene, 'ReplicaSet')).toSorted()).toEqual([
        `SuccessfulCreate: Created pod: ${nameOf(running)}`,
        `SuccessfulDelete: Deleted pod: ${nameOf(running)}`,
      ]);
    },
    'an event says what it is about, who reports it, how often and when': async (scene) => {
      await serving(scene);
      const web = await scene.read('deployments', 'web');

      const [event] = await scene.untilList(
        'events',
        (all) => all.length > 0,
        'fieldSelector=involvedObject.kind=Deployment',
      );

      expect(event).toMatchObject({
        type: 'Normal',
        count: 1,
        source: { component: 'deployment-controller' },
        involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: uidOf(web) },
      });
      expect(nameOf(event)).toMatch(/^web\.[0-9a-f]{16}$/);
      expect(textAt(event, 'firstTimestamp')).toMatch(/Z$/);
      expect(textAt(event, 'lastTimestamp')).toMatch(/Z$/);
    },
    'trouble with a pod is reported by the kubelet, again and again, as one event that counts': async (scene) => {
      await scene.create('pods', pod('one', 'nginx:crash'));

      const [event] = await scene.untilList(
        'events',
        ([one]) => numberAt(one, 'count') > 1,
        'fieldSelector=reason=BackOff',
      );

      expect(event).toMatchObject({
        type: 'Warning',
        source: { component: 'kubelet' },
        involvedObject: { name: 'one' },
      });
    },
    'the newer API of events shows the same ones': async (scene) => {
      await serving(scene);
      const path = `/apis/events.k8s.io/v1/namespaces/${scene.namespace}/events`;

      const answer = await scene.api.ask('GET', path);

      const about = listAt(answer, 'items').find((one) => textAt(one, 'regarding', 'kind') === 'Deployment');
      expect(about).toMatchObject({
        reason: 'ScalingReplicaSet',
        type: 'Normal',
        regarding: { name: 'web' },
        deprecatedSource: { component: 'deployment-controller' },
      });
      expect(textAt(about, 'note')).toMatch(/^Scaled up replica set web-/);
    },
  },
};
