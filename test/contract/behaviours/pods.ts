import { expect } from 'vitest';
import { at, listAt, numberAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { type DeploymentParts, deployment, pod, setImage } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { condition, imageOf, nameOf, names, uidOf, verdict } from './words.ts';

const ready = (object: unknown): boolean => textAt(condition(object, 'Ready'), 'status') === 'True';

async function serving(scene: Scene, parts: DeploymentParts = {}): Promise<readonly unknown[]> {
  await scene.create('deployments', deployment(parts));
  return scene.untilList('pods', (all) => all.length === (parts.replicas ?? 1) && all.every(ready));
}

/** The waiting reason of the pod's only container. */
const waiting = (object: unknown): string =>
  textAt(object, 'status', 'containerStatuses', 0, 'state', 'waiting', 'reason');

/** `reason: message` of the events about one kind of object. */
async function events(scene: Scene, kind: string): Promise<readonly string[]> {
  const all = await scene.list('events', `fieldSelector=involvedObject.kind=${kind}`);
  return all.map((one) => `${textAt(one, 'reason')}: ${textAt(one, 'message')}`);
}

export const pods: Area = {
  title: 'ReplicaSets, pods and events',
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
    'an image that cannot be pulled: ErrImagePull, then ImagePullBackOff, with the word of the registry': async (
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
    'the Deployment controller tells each scaling as an event': async (scene) => {
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
    'the ReplicaSet controller tells each pod it makes and takes': async (scene) => {
      const [running] = await serving(scene);
      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 0 } });
      const query = 'fieldSelector=involvedObject.kind=ReplicaSet';
      await scene.untilList('events', (all) => all.length === 2, query);

      expect((await events(scene, 'ReplicaSet')).toSorted()).toEqual([
        `SuccessfulCreate: Created pod: ${nameOf(running)}`,
        `SuccessfulDelete: Deleted pod: ${nameOf(running)}`,
      ]);
    },
    'an event says what it is about, who tells it, how often and when': async (scene) => {
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
    'trouble of a pod is told by the kubelet, again and again as one event that counts': async (scene) => {
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
