import { expect } from 'vitest';
import { MERGE_PATCH, STRATEGIC_MERGE_PATCH } from '../../support/api-client.ts';
import { at, listAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, deployment, setImage } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { jsonPatch, withoutPods } from './web.ts';
import { causes, verdict } from './words.ts';

const strategic = (scene: Scene, body: object) =>
  scene.request('PATCH', 'deployments/web', { body, contentType: STRATEGIC_MERGE_PATCH });
const containers = (value: unknown) => listAt(value, 'spec', 'template', 'spec', 'containers');

export const patches: Area = {
  title: 'Merge patches, strategic merge patches',
  behaviours: {
    'a merge patch changes what it names and nothing else': async (scene) => {
      await scene.create('configmaps', configMap('a', { x: '1', y: '2' }));

      const patched = await scene.mergePatch('configmaps/a', { data: { y: '3' } });

      expect(at(patched, 'data')).toEqual({ x: '1', y: '3' });
    },
    'a null in a merge patch removes': async (scene) => {
      await scene.create('configmaps', configMap('a', { x: '1', y: '2' }));

      const patched = await scene.mergePatch('configmaps/a', { data: { x: null } });

      expect(at(patched, 'data')).toEqual({ y: '2' });
    },
    'a merge patch replaces a list as a whole': async (scene) => {
      await withoutPods(scene);
      const spec = { template: { spec: { containers: [{ name: 'other', image: 'x:1' }] } } };

      const patched = await scene.mergePatch('deployments/web', { spec });

      expect(containers(patched).map((one) => textAt(one, 'name'))).toEqual(['other']);
    },
    'a merge patch with a stale resourceVersion is refused with 409': async (scene) => {
      await withoutPods(scene);
      const body = { metadata: { resourceVersion: '1' }, spec: { replicas: 1 } };

      const answer = await scene.request('PATCH', 'deployments/web', { body, contentType: MERGE_PATCH });

      expect(verdict(answer)).toBe('409 Conflict');
    },
    'a merge patch with the uid of another object is refused': async (scene) => {
      await withoutPods(scene);
      const body = { metadata: { uid: '00000000-0000-0000-0000-000000000000' } };

      const answer = await scene.request('PATCH', 'deployments/web', { body, contentType: MERGE_PATCH });

      expect(verdict(answer)).toBe('422 Invalid');
    },
    'a strategic merge patch finds containers by name': async (scene) => {
      await withoutPods(scene);
      const added = { name: 'sidecar', image: 'envoy:1' };

      await strategic(scene, { spec: { template: { spec: { containers: [added] } } } });
      const answer = await strategic(scene, {
        spec: { template: { spec: { containers: [{ name: 'app', image: 'nginx:2' }] } } },
      });

      const images = containers(answer.body).map((one) => `${textAt(one, 'name')} ${textAt(one, 'image')}`);
      expect(images.toSorted()).toEqual(['app nginx:2', 'sidecar envoy:1']);
    },
    'a strategic merge patch finds variables by name': async (scene) => {
      await withoutPods(scene);
      const setEnv = (...env: readonly object[]) =>
        strategic(scene, { spec: { template: { spec: { containers: [{ name: 'app', env }] } } } });

      await setEnv({ name: 'A', value: '1' }, { name: 'B', value: '2' });
      const answer = await setEnv({ name: 'B', value: '3' });

      const values = listAt(containers(answer.body)[0], 'env').map(
        (one) => `${textAt(one, 'name')}=${textAt(one, 'value')}`,
      );
      expect(values.toSorted()).toEqual(['A=1', 'B=3']);
    },
    'a strategic merge patch removes a container with $patch: delete': async (scene) => {
      await withoutPods(scene);
      const inTemplate = (container: object) => ({ spec: { template: { spec: { containers: [container] } } } });
      await strategic(scene, inTemplate({ name: 'sidecar', image: 'envoy:1' }));

      const answer = await strategic(scene, inTemplate({ name: 'sidecar', $patch: 'delete' }));

      expect(containers(answer.body).map((one) => textAt(one, 'name'))).toEqual(['app']);
    },
    'a strategic merge patch replaces a map with $patch: replace': async (scene) => {
      await scene.create('deployments', deployment({ replicas: 0, labels: { a: '1', b: '2' } }));

      const answer = await strategic(scene, { metadata: { labels: { $patch: 'replace', c: '3' } } });

      expect(at(answer.body, 'metadata', 'labels')).toEqual({ c: '3' });
    },
    'a strategic merge patch of a container without its name is an error of the server': async (scene) => {
      await withoutPods(scene);

      const answer = await strategic(scene, { spec: { template: { spec: { containers: [{ image: 'x' }] } } } });

      expect(answer.status).toBe(500);
      expect(textAt(answer.body, 'message')).toContain('does not contain declared merge key: name');
    },
    'a patch as application/json is refused with 415': async (scene) => {
      await withoutPods(scene);

      const answer = await scene.request('PATCH', 'deployments/web', { body: [setImage('nginx:2')] });

      expect(verdict(answer)).toBe('415 UnsupportedMediaType');
    },
    'a patch of what is missing is refused with 404': async (scene) => {
      const answer = await jsonPatch(scene, setImage('nginx:2'));

      expect(verdict(answer)).toBe('404 NotFound');
    },
    'a patch that is not JSON is refused with 400': async (scene) => {
      await withoutPods(scene);

      const answer = await scene.request('PATCH', 'deployments/web', { body: '{"spec":', contentType: MERGE_PATCH });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'an unknown field in a patch is dropped, with a warning': async (scene) => {
      await withoutPods(scene);

      const answer = await scene.request('PATCH', 'deployments/web', {
        body: { spec: { colour: 'red' } },
        contentType: MERGE_PATCH,
      });

      expect([answer.status, answer.headers.warning]).toEqual([200, '299 - "unknown field \\"spec.colour\\""']);
    },
    'force is refused with 422 for what is not an apply': async (scene) => {
      await withoutPods(scene);

      const answer = await scene.request('PATCH', 'deployments/web?force=true', { body: {}, contentType: MERGE_PATCH });

      expect(causes(answer)).toEqual(['force: FieldValueForbidden']);
    },
  },
};
