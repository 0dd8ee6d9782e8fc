import { expect } from 'vitest';
import { JSON_PATCH } from '../../support/api-client.ts';
import { at } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, setImage } from '../manifests.ts';
import { jsonPatch, withoutPods } from './web.ts';
import { annotationsOf, causes, imageOf, verdict } from './words.ts';

/** What a JSON Patch gets that cannot be applied; nothing in it says why. */
const CANNOT_BE_APPLIED = {
  code: 422,
  reason: 'Invalid',
  message: 'the server rejected our request due to an error in our request',
  details: {},
};

export const jsonPatches: Area = {
  title: 'JSON Patch',
  behaviours: {
    'a JSON Patch replaces the image': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, setImage('nginx:2'));

      expect([answer.status, imageOf(answer.body)]).toEqual([200, 'nginx:2']);
    },
    'a JSON Patch whose tests hold is applied': async (scene) => {
      const made = await withoutPods(scene);

      const answer = await jsonPatch(
        scene,
        { op: 'test', path: '/metadata/uid', value: at(made, 'metadata', 'uid') },
        { op: 'test', path: '/spec/template/spec/containers/0/name', value: 'app' },
        setImage('nginx:2'),
      );

      expect(answer.status).toBe(200);
    },
    'a JSON Patch whose test fails is refused with 422 and empty details': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'test', path: '/metadata/uid', value: 'other' }, setImage('nginx:2'));

      expect(answer.body).toMatchObject(CANNOT_BE_APPLIED);
    },
    'nothing of a JSON Patch is done when its last test fails': async (scene) => {
      await withoutPods(scene);

      await jsonPatch(scene, setImage('nginx:2'), { op: 'test', path: '/spec/replicas', value: 5 });

      expect(imageOf(await scene.read('deployments', 'web'))).toBe('nginx:1');
    },
    'a test of the generation fails once the generation has moved': async (scene) => {
      await withoutPods(scene);
      await scene.mergePatch('deployments/web', { spec: { replicas: 1 } });

      const answer = await jsonPatch(scene, { op: 'test', path: '/metadata/generation', value: 1 });

      expect(answer.body).toMatchObject(CANNOT_BE_APPLIED);
    },
    'a test of a missing path against null holds': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'test', path: '/metadata/labels', value: null }, setImage('nginx:2'));

      expect(answer.status).toBe(200);
    },
    'a test of a missing path against a value fails': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'test', path: '/metadata/labels', value: {} });

      expect(answer.body).toMatchObject(CANNOT_BE_APPLIED);
    },
    'a JSON Patch of a missing index is refused like a failed test': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, {
        op: 'replace',
        path: '/spec/template/spec/containers/4/image',
        value: 'x',
      });

      expect(answer.body).toMatchObject(CANNOT_BE_APPLIED);
    },
    'a JSON Patch into a missing map is refused like a failed test': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'add', path: '/metadata/labels/tier', value: 'front' });

      expect(answer.body).toMatchObject(CANNOT_BE_APPLIED);
    },
    'removing what is missing is refused like a failed test': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'remove', path: '/metadata/labels' });

      expect(answer.body).toMatchObject(CANNOT_BE_APPLIED);
    },
    'an unknown operation is refused like a failed test': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'frobnicate', path: '/spec' });

      expect(answer.body).toMatchObject(CANNOT_BE_APPLIED);
    },
    'a JSON Patch that makes the object invalid is refused with 422 and its causes': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, setImage(''));

      expect(verdict(answer)).toBe('422 Invalid');
      expect(causes(answer)).toEqual(['spec.template.spec.containers[0].image: FieldValueRequired']);
    },
    'a JSON Patch that makes a field another type is refused with 422': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'replace', path: '/spec/replicas', value: 'three' });

      expect(verdict(answer)).toBe('422 Invalid');
      expect(causes(answer)).toEqual(['patch: FieldValueInvalid']);
    },
    'a JSON Patch that is not a list is refused with 400': async (scene) => {
      await withoutPods(scene);

      const answer = await scene.request('PATCH', 'deployments/web', { body: { op: 'add' }, contentType: JSON_PATCH });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a JSON Patch cannot rename': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, { op: 'replace', path: '/metadata/name', value: 'other' });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'an image is not checked for being a reference': async (scene) => {
      await withoutPods(scene);

      const answer = await jsonPatch(scene, setImage(' x y'));

      expect([answer.status, imageOf(answer.body)]).toEqual([200, ' x y']);
    },
    '~1 and ~0 in a path stand for / and ~': async (scene) => {
      await withoutPods(scene);
      await scene.mergePatch('deployments/web', { metadata: { annotations: { old: '' } } });

      const answer = await jsonPatch(scene, {
        op: 'add',
        path: '/metadata/annotations/example.com~1change-cause',
        value: 'a/b',
      });

      expect(annotationsOf(answer.body)).toMatchObject({ 'example.com/change-cause': 'a/b' });
    },
    'add at - appends to a list, move and copy carry values': async (scene) => {
      await scene.create('configmaps', configMap('a', { x: '1' }, { finalizers: ['example.com/one'] }));

      const answer = await scene.request('PATCH', 'configmaps/a', {
        contentType: JSON_PATCH,
        body: [
          { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/two' },
          { op: 'copy', from: '/data/x', path: '/data/y' },
          { op: 'move', from: '/data/x', path: '/data/z' },
        ],
      });
      const finalizers = at(answer.body, 'metadata', 'finalizers');
      await scene.mergePatch('configmaps/a', { metadata: { finalizers: null } });

      expect(finalizers).toEqual(['example.com/one', 'example.com/two']);
      expect(at(answer.body, 'data')).toEqual({ y: '1', z: '1' });
    },
  },
};
