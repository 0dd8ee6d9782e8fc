import { expect } from 'vitest';
import { at } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, deployment, setImage } from '../manifests.ts';
import { withoutPods } from './web.ts';
import { causes, generationOf, imageOf, uidOf, verdict, versionOf } from './words.ts';

export const dryRun: Area = {
  title: 'Dry run',
  behaviours: {
    'a dry create answers with what would be stored, and stores nothing': async (scene) => {
      const answer = await scene.request('POST', 'deployments?dryRun=All', { body: deployment() });

      expect([answer.status, at(answer.body, 'spec', 'progressDeadlineSeconds')]).toEqual([201, 600]);
      expect(uidOf(answer.body)).not.toBe('');
      expect(verdict(await scene.request('GET', 'deployments/web'))).toBe('404 NotFound');
    },
    'a dry patch answers with the next generation, and stores nothing': async (scene) => {
      const made = await scene.create('configmaps', configMap('a', { x: '1' }));
      await withoutPods(scene);

      const patched = await scene.jsonPatch('deployments/web?dryRun=All', [setImage('nginx:2')]);
      await scene.mergePatch('configmaps/a?dryRun=All', { data: { x: '2' } });

      expect([generationOf(patched), imageOf(patched)]).toEqual([2, 'nginx:2']);
      expect(imageOf(await scene.read('deployments', 'web'))).toBe('nginx:1');
      expect(versionOf(await scene.read('configmaps', 'a'))).toBe(versionOf(made));
    },
    'a dry patch is refused like a real one': async (scene) => {
      await withoutPods(scene);

      const answer = await scene.request('PATCH', 'deployments/web?dryRun=All', {
        body: [setImage('')],
        contentType: 'application/json-patch+json',
      });

      expect(verdict(answer)).toBe('422 Invalid');
    },
    'a dry delete deletes nothing': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const answer = await scene.request('DELETE', 'configmaps/a?dryRun=All');

      expect(answer.status).toBe(200);
      expect((await scene.request('GET', 'configmaps/a')).status).toBe(200);
    },
    'a dry create of what is there is refused with 409': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const answer = await scene.request('POST', 'configmaps?dryRun=All', { body: configMap('a') });

      expect(verdict(answer)).toBe('409 AlreadyExists');
    },
    'any other value than All is refused with 422': async (scene) => {
      const answer = await scene.request('POST', 'configmaps?dryRun=Some', { body: configMap('a') });

      expect(causes(answer)).toEqual(['dryRun: FieldValueNotSupported']);
    },
  },
};
