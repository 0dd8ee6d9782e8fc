import { expect } from 'vitest';
import { at, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { withoutPods } from './web.ts';
import { nameOf, verdict, versionOf } from './words.ts';

/** Bookmarks and the end of the initial state are asked for like this. */
const LISTING = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

const INITIAL_END = ['metadata', 'annotations', 'k8s.io/initial-events-end'];

/** Creates one more object, and waits for the watch to tell it: everything before it has been told by then. */
async function mark(scene: Scene, watch: Awaited<ReturnType<Scene['watch']>>): Promise<void> {
  await scene.create('configmaps', configMap('z-mark'));
  await watch.until(({ object }) => nameOf(object) === 'z-mark');
}

export const watch: Area = {
  title: 'Watches',
  behaviours: {
    'a watch without a version begins with what is there': async (scene) => {
      await scene.create('configmaps', configMap('a'));
      await scene.create('configmaps', configMap('b'));

      const watching = await scene.watch('configmaps');
      await mark(scene, watching);

      expect(watching.told().toSorted()).toEqual(['ADDED a', 'ADDED b', 'ADDED z-mark']);
    },
    'a watch from version 0 begins with what is there': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const watching = await scene.watch('configmaps', 'resourceVersion=0');
      await mark(scene, watching);

      expect(watching.told()).toContain('ADDED a');
    },
    'a watch from the version of a list tells what came after, and only that': async (scene) => {
      await scene.create('configmaps', configMap('a'));
      const list = await scene.read('configmaps');
      await scene.create('configmaps', configMap('b'));

      const watching = await scene.watch('configmaps', `resourceVersion=${versionOf(list)}`);
      await mark(scene, watching);

      expect(watching.told()).toEqual(['ADDED b', 'ADDED z-mark']);
    },
    'a watch from the version of an object tells what came after it, and misses nothing': async (scene) => {
      const first = await scene.create('configmaps', configMap('a'));
      for (const x of ['1', '2', '3']) await scene.mergePatch('configmaps/a', { data: { x } });

      const watching = await scene.watch('configmaps', `resourceVersion=${versionOf(first)}`);
      await mark(scene, watching);

      expect(watching.events.map(({ object }) => at(object, 'data', 'x')).slice(0, 3)).toEqual(['1', '2', '3']);
    },
    'it tells creation, change and deletion in order, each with a later version': async (scene) => {
      const watching = await scene.watch('configmaps');
      await scene.create('configmaps', configMap('a'));
      await scene.mergePatch('configmaps/a', { data: { x: '1' } });
      await scene.request('DELETE', 'configmaps/a');
      await mark(scene, watching);

      expect(watching.told()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED z-mark']);
      const versions = watching.events.map(({ object }) => versionOf(object));
      expect(versions.toSorted((a, b) => a - b)).toEqual(versions);
      expect(new Set(versions).size).toBe(4);
    },
    'a write that changes nothing is not told': async (scene) => {
      await scene.create('configmaps', configMap('a', { x: '1' }));
      const watching = await scene.watch('configmaps', `resourceVersion=${versionOf(await scene.read('configmaps'))}`);

      await scene.mergePatch('configmaps/a', { data: { x: '1' } });
      await mark(scene, watching);

      expect(watching.told()).toEqual(['ADDED z-mark']);
    },
    'an object that leaves the selection is told as deleted, one that enters it as added': async (scene) => {
      await scene.create('configmaps', configMap('a', {}, { labels: { tier: 'front' } }));
      await scene.create('configmaps', configMap('b'));
      const from = versionOf(await scene.read('configmaps'));
      const watching = await scene.watch('configmaps', `labelSelector=tier%3Dfront&resourceVersion=${from}`);

      await scene.mergePatch('configmaps/a', { metadata: { labels: { tier: 'back' } } });
      await scene.mergePatch('configmaps/b', { metadata: { labels: { tier: 'front' } } });
      await watching.until(({ type }) => type === 'ADDED');

      expect(watching.told()).toEqual(['DELETED a', 'ADDED b']);
    },
    'a watch of one name tells of no other': async (scene) => {
      const watching = await scene.watch('configmaps', 'fieldSelector=metadata.name=b');

      await scene.create('configmaps', configMap('a'));
      await scene.create('configmaps', configMap('b'));
      await watching.until(({ object }) => nameOf(object) === 'b');

      expect(watching.told()).toEqual(['ADDED b']);
    },
    'a watch of all namespaces tells of each': async (scene) => {
      const place = `/api/v1/configmaps?watch=1&labelSelector=of%3D${scene.namespace}`;
      const ending = new AbortController();
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const open = scene.api.watch(place, ({ object }) => resolve(object), ending.signal).catch(() => undefined);

      await scene.create('configmaps', configMap('a', {}, { labels: { of: scene.namespace } }));
      const told = await promise;
      ending.abort();
      await open;

      expect(at(told, 'metadata', 'namespace')).toBe(scene.namespace);
    },
    'a watch in a namespace that is not there is open and silent': async (scene) => {
      const place = `/api/v1/namespaces/${scene.namespace}-none/configmaps?watch=1&timeoutSeconds=1`;
      const told: unknown[] = [];

      await scene.api.watch(place, (event) => told.push(event));

      expect(told).toEqual([]);
    },
    'changes of the status are told': async (scene) => {
      const watching = await scene.watch('deployments');

      await withoutPods(scene);

      const { type } = await watching.until(({ object }) => at(object, 'status', 'observedGeneration') === 1);
      expect(type).toBe('MODIFIED');
    },
    'timeoutSeconds ends the stream in order': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const watching = await scene.watch('configmaps', 'timeoutSeconds=1');
      await watching.ended;

      expect(watching.told()).toEqual(['ADDED a']);
    },
    'the initial state can be asked for, and its end is marked by a bookmark': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const watching = await scene.watch('configmaps', LISTING);
      const end = await watching.until(({ type }) => type === 'BOOKMARK');

      expect(watching.told()).toEqual(['ADDED a', 'BOOKMARK']);
      expect(at(end.object, ...INITIAL_END)).toBe('true');
      expect(end.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    },
    'a watch can be resumed at its bookmark': async (scene) => {
      const first = await scene.watch('configmaps', LISTING);
      const { object } = await first.until(({ type }) => type === 'BOOKMARK');
      await scene.create('configmaps', configMap('a'));

      const second = await scene.watch('configmaps', `resourceVersion=${versionOf(object)}`);
      await mark(scene, second);

      expect(second.told()).toEqual(['ADDED a', 'ADDED z-mark']);
    },
    'a watch that takes bookmarks is told the end of its initial state without asking': async (scene) => {
      const watching = await scene.watch('configmaps', 'allowWatchBookmarks=true');

      const end = await watching.until(({ type }) => type === 'BOOKMARK');

      expect(at(end.object, ...INITIAL_END)).toBe('true');
    },
    'a watch that takes no bookmarks gets none': async (scene) => {
      const watching = await scene.watch('configmaps', 'timeoutSeconds=1');

      await watching.ended;

      expect(watching.told()).toEqual([]);
    },
    'asking for the initial state without resourceVersionMatch is refused with 422': async (scene) => {
      const answer = await scene.request('GET', 'configmaps?watch=1&sendInitialEvents=true');

      expect(verdict(answer)).toBe('422 Invalid');
    },
    'resourceVersionMatch alone is refused with 422': async (scene) => {
      const query = 'watch=1&resourceVersion=5&resourceVersionMatch=NotOlderThan';

      expect(verdict(await scene.request('GET', `configmaps?${query}`))).toBe('422 Invalid');
    },
    'a version that is too old is told as an error of code 410, then the stream ends': async (scene) => {
      const watching = await scene.outdatedWatch();
      await watching.ended;

      const [error] = watching.events;
      expect(error?.type).toBe('ERROR');
      expect(error?.object).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 });
      expect(textAt(error?.object, 'message')).toMatch(/^too old resource version: 1 \(\d+\)$/);
    },
    'a version of the future waits in silence': async (scene) => {
      const watching = await scene.watch('configmaps', 'resourceVersion=999999999&timeoutSeconds=1');

      await scene.create('configmaps', configMap('a'));
      await watching.ended;

      expect(watching.told()).toEqual([]);
    },
    'a malformed version is an error of the server': async (scene) => {
      const answer = await scene.request('GET', 'configmaps?watch=1&resourceVersion=abc');

      expect(answer.status).toBe(500);
    },
    'a watch can be of metadata alone': async (scene) => {
      await scene.create('configmaps', configMap('a', { x: '1' }));

      const { body } = await scene.request('GET', 'configmaps?watch=1&timeoutSeconds=1', {
        headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
      });

      // One line, so the stream reads as one JSON document.
      expect(body).toMatchObject({ type: 'ADDED', object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } });
    },
  },
};
