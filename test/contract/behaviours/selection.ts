import { expect } from 'vitest';
import { at, listAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, pod } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { withoutPods } from './web.ts';
import { nameOf, names, uidOf, verdict, versionOf } from './words.ts';

/** Four ConfigMaps, from `a` to `d`, three of them labelled. */
async function labelled(scene: Scene): Promise<void> {
  await scene.create('configmaps', configMap('a', {}, { labels: { tier: 'front', stage: 'live' } }));
  await scene.create('configmaps', configMap('b', {}, { labels: { tier: 'back', stage: 'live' } }));
  await scene.create('configmaps', configMap('c', {}, { labels: { tier: 'back' } }));
  await scene.create('configmaps', configMap('d'));
}

/** Names of the ConfigMaps a label selector finds. */
async function found(scene: Scene, selector: string): Promise<readonly string[]> {
  return names(await scene.list('configmaps', `labelSelector=${encodeURIComponent(selector)}`));
}

export const selection: Area = {
  title: 'Lists and selectors',
  behaviours: {
    'a list has the version of its moment and its items in order of name': async (scene) => {
      await scene.create('configmaps', configMap('b'));
      const last = await scene.create('configmaps', configMap('a'));

      const all = await scene.read('configmaps');

      expect(all).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(names(listAt(all, 'items'))).toEqual(['a', 'b']);
      expect(versionOf(all)).toBeGreaterThanOrEqual(versionOf(last));
    },
    'a label selects by equality and inequality': async (scene) => {
      await labelled(scene);

      expect(await found(scene, 'tier=back')).toEqual(['b', 'c']);
      expect(await found(scene, 'tier==front')).toEqual(['a']);
      expect(await found(scene, 'tier!=back')).toEqual(['a', 'd']);
    },
    'a label selects by being in a set, or not': async (scene) => {
      await labelled(scene);

      expect(await found(scene, 'tier in (front,back)')).toEqual(['a', 'b', 'c']);
      expect(await found(scene, 'tier notin (front)')).toEqual(['b', 'c', 'd']);
    },
    'a label selects by being there, or not': async (scene) => {
      await labelled(scene);

      expect(await found(scene, 'stage')).toEqual(['a', 'b']);
      expect(await found(scene, '!stage')).toEqual(['c', 'd']);
    },
    'several requirements must all hold': async (scene) => {
      await labelled(scene);

      expect(await found(scene, 'tier=back,stage in (live)')).toEqual(['b']);
    },
    'a label selector that cannot be read is refused with 400': async (scene) => {
      const answer = await scene.request('GET', 'configmaps?labelSelector=tier%20in%20back');

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a field selects by name': async (scene) => {
      await labelled(scene);

      expect(names(await scene.list('configmaps', 'fieldSelector=metadata.name=b'))).toEqual(['b']);
      expect(names(await scene.list('configmaps', 'fieldSelector=metadata.name!=b'))).toEqual(['a', 'c', 'd']);
    },
    'pods are selected by phase': async (scene) => {
      await scene.create('pods', pod('good'));
      await scene.create('pods', pod('bad', 'nginx:does-not-exist'));
      await scene.until('pods', 'good', (one) => textAt(one, 'status', 'phase') === 'Running');

      expect(names(await scene.list('pods', 'fieldSelector=status.phase=Running'))).toEqual(['good']);
      expect(names(await scene.list('pods', 'fieldSelector=status.phase!=Running'))).toEqual(['bad']);
    },
    'events are selected by the object they are about': async (scene) => {
      const made = await withoutPods(scene);
      await scene.mergePatch('deployments/web/scale', { spec: { replicas: 1 } });

      const query = `fieldSelector=involvedObject.uid=${uidOf(made)},reason=ScalingReplicaSet`;
      const [event] = await scene.untilList('events', (all) => all.length > 0, query);

      expect(event).toMatchObject({ involvedObject: { kind: 'Deployment', name: 'web' }, reason: 'ScalingReplicaSet' });
    },
    'a field nobody can select by is refused with 400': async (scene) => {
      const answer = await scene.request('GET', 'deployments?fieldSelector=spec.replicas=1');

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a list in pages is complete and without duplicates': async (scene) => {
      await labelled(scene);

      const first = await scene.request('GET', 'configmaps?limit=3');
      const token = textAt(first.body, 'metadata', 'continue');
      const second = await scene.request('GET', `configmaps?limit=3&continue=${token}`);

      expect(names(listAt(first.body, 'items'))).toEqual(['a', 'b', 'c']);
      expect(at(first.body, 'metadata', 'remainingItemCount')).toBe(1);
      expect(names(listAt(second.body, 'items'))).toEqual(['d']);
      expect(at(second.body, 'metadata', 'continue')).toBeUndefined();
    },
    'later pages show the moment of the first': async (scene) => {
      await labelled(scene);
      const first = await scene.request('GET', 'configmaps?limit=2');
      await scene.request('DELETE', 'configmaps/d');
      await scene.create('configmaps', configMap('cc'));

      const second = await scene.request('GET', `configmaps?continue=${textAt(first.body, 'metadata', 'continue')}`);

      expect(names(listAt(second.body, 'items'))).toEqual(['c', 'd']);
      expect(versionOf(second.body)).toBe(versionOf(first.body));
    },
    'a page of a list with a selector is counted after selecting': async (scene) => {
      await labelled(scene);

      const { body } = await scene.request('GET', 'configmaps?limit=1&labelSelector=stage%3Dlive');

      expect(names(listAt(body, 'items'))).toEqual(['a']);
      expect(textAt(body, 'metadata', 'continue')).not.toBe('');
      expect(at(body, 'metadata', 'remainingItemCount')).toBeUndefined();
    },
    'a malformed continue token is refused with 400': async (scene) => {
      const answer = await scene.request('GET', 'configmaps?continue=rubbish');

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a list not older than a version of the past is the present': async (scene) => {
      const first = await scene.create('configmaps', configMap('a'));
      await scene.create('configmaps', configMap('b'));

      const query = `resourceVersion=${versionOf(first)}&resourceVersionMatch=NotOlderThan`;

      expect(names(await scene.list('configmaps', query))).toContain('a');
    },
    'a list of a version of the future is refused with 504': async (scene) => {
      const answer = await scene.request('GET', 'configmaps?resourceVersion=999999999');

      expect(verdict(answer)).toBe('504 Timeout');
    },
    'a list at a malformed version is refused with 400': async (scene) => {
      const answer = await scene.request('GET', 'configmaps?resourceVersion=abc');

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'resourceVersionMatch without a version is refused with 422': async (scene) => {
      const answer = await scene.request('GET', 'configmaps?resourceVersionMatch=NotOlderThan');

      expect(verdict(answer)).toBe('422 Invalid');
    },
    'a list of all namespaces holds those of each': async (scene) => {
      await scene.create('configmaps', configMap('mine', {}, { labels: { of: scene.namespace } }));

      const all = await scene.api.ask('GET', `/api/v1/configmaps?labelSelector=of%3D${scene.namespace}`);

      expect(names(listAt(all, 'items'))).toEqual(['mine']);
    },
    'metadata alone can be asked for': async (scene) => {
      await scene.create('configmaps', configMap('a', { x: '1' }));

      const { body } = await scene.request('GET', 'configmaps/a', {
        headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
      });

      expect(body).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
      expect([nameOf(body), at(body, 'data')]).toEqual(['a', undefined]);
    },
    'a Table can be asked for, with the columns kubectl prints': async (scene) => {
      await withoutPods(scene);

      const { body } = await scene.request('GET', 'deployments', {
        headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
      });

      const columns = listAt(body, 'columnDefinitions').map((one) => textAt(one, 'name'));
      const normal = ['Name', 'Ready', 'Up-to-date', 'Available', 'Age'];
      expect(columns).toEqual([...normal, 'Containers', 'Images', 'Selector']);
      expect(listAt(body, 'rows', 0, 'cells').slice(0, 4)).toEqual(['web', '0/0', 0, 0]);
    },
    'an answer that is not JSON cannot be asked for': async (scene) => {
      const answer = await scene.request('GET', 'configmaps', { headers: { accept: 'text/html' } });

      expect(verdict(answer)).toBe('406 NotAcceptable');
    },
  },
};
