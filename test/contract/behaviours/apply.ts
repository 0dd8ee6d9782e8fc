import { expect } from 'vitest';
import { APPLY_PATCH, type ApiAnswer } from '../../support/api-client.ts';
import { at, listAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, deployment, setImage } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { withoutPods } from './web.ts';
import { causes, verdict, versionOf } from './words.ts';

/** Applies a ConfigMap `a` with this data. */
function applied(scene: Scene, manager: string, data: object, query = ''): Promise<ApiAnswer> {
  const body = configMap('a', data);
  return scene.request('PATCH', `configmaps/a?fieldManager=${manager}${query}`, { body, contentType: APPLY_PATCH });
}

/** `manager operation subresource` of each entry. */
function managers(object: unknown): readonly string[] {
  return listAt(object, 'metadata', 'managedFields')
    .map((entry) =>
      [textAt(entry, 'manager'), textAt(entry, 'operation'), textAt(entry, 'subresource')].join(' ').trim(),
    )
    .toSorted();
}

export const apply: Area = {
  title: 'Server-side apply and field managers',
  behaviours: {
    'an apply creates what is missing': async (scene) => {
      const answer = await applied(scene, 'one', { x: '1' });

      expect(answer.status).toBe(201);
      expect(managers(answer.body)).toEqual(['one Apply']);
    },
    'an apply writes down which fields it set': async (scene) => {
      const { body } = await applied(scene, 'one', { x: '1' });

      expect(listAt(body, 'metadata', 'managedFields')[0]).toMatchObject({
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:x': {} } },
      });
    },
    'an apply without a field manager is refused with 422': async (scene) => {
      const body = configMap('a');

      const answer = await scene.request('PATCH', 'configmaps/a', { body, contentType: APPLY_PATCH });

      expect(causes(answer)).toEqual(['fieldManager: FieldValueRequired']);
    },
    'the same apply again changes nothing': async (scene) => {
      const first = await applied(scene, 'one', { x: '1' });

      const second = await applied(scene, 'one', { x: '1' });

      expect([second.status, versionOf(second.body)]).toEqual([200, versionOf(first.body)]);
    },
    'a field of another manager is a conflict: 409, naming field and manager': async (scene) => {
      await applied(scene, 'one', { x: '1' });

      const answer = await applied(scene, 'two', { x: '2' });

      expect(answer.body).toMatchObject({
        code: 409,
        reason: 'Conflict',
        message: 'Apply failed with 1 conflict: conflict with "one": .data.x',
        details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.x' }] },
      });
    },
    'force takes the field over': async (scene) => {
      await applied(scene, 'one', { x: '1', y: '1' });

      const { body } = await applied(scene, 'two', { x: '2' }, '&force=true');

      expect(at(body, 'data')).toEqual({ x: '2', y: '1' });
      const fields = listAt(body, 'metadata', 'managedFields').map((entry) => at(entry, 'fieldsV1', 'f:data'));
      expect(fields).toEqual(expect.arrayContaining([{ 'f:y': {} }, { 'f:x': {} }]));
    },
    'two managers who agree share a field': async (scene) => {
      await applied(scene, 'one', { x: '1' });

      const answer = await applied(scene, 'two', { x: '1' });

      expect([answer.status, managers(answer.body)]).toEqual([200, ['one Apply', 'two Apply']]);
    },
    'a field its only manager no longer applies is removed': async (scene) => {
      await applied(scene, 'one', { x: '1', y: '2' });

      const { body } = await applied(scene, 'one', { x: '1' });

      expect(at(body, 'data')).toEqual({ x: '1' });
    },
    'a field that another manager applies too stays': async (scene) => {
      await applied(scene, 'one', { x: '1', y: '2' });
      await applied(scene, 'two', { y: '2' });

      const { body } = await applied(scene, 'one', { x: '1' });

      expect(at(body, 'data')).toEqual({ x: '1', y: '2' });
    },
    'an update takes a field from its applier, whose next apply conflicts': async (scene) => {
      await applied(scene, 'one', { x: '1' });
      await scene.mergePatch('configmaps/a?fieldManager=editor', { data: { x: '5' } });

      const answer = await applied(scene, 'one', { x: '1' });

      expect(textAt(answer.body, 'message')).toBe(
        'Apply failed with 1 conflict: conflict with "editor" using v1: .data.x',
      );
    },
    'an apply that brings managedFields is refused with 400': async (scene) => {
      const body = configMap('a', {}, { managedFields: [{ manager: 'one' }] });

      const answer = await scene.request('PATCH', 'configmaps/a?fieldManager=one', { body, contentType: APPLY_PATCH });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'an apply with an unknown field is an error of the server': async (scene) => {
      const body = { ...configMap('a'), colour: 'red' };

      const answer = await scene.request('PATCH', 'configmaps/a?fieldManager=one', { body, contentType: APPLY_PATCH });

      expect(answer.status).toBe(500);
      expect(textAt(answer.body, 'message')).toContain('.colour: field not declared in schema');
    },
    'an apply of a Deployment joins containers by name': async (scene) => {
      await withoutPods(scene);
      const template = { spec: { containers: [{ name: 'sidecar', image: 'envoy:1' }] } };
      const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { template } };

      const answer = await scene.request('PATCH', 'deployments/web?fieldManager=mesh', {
        body,
        contentType: APPLY_PATCH,
      });

      const containers = listAt(answer.body, 'spec', 'template', 'spec', 'containers');
      expect(containers.map((one) => textAt(one, 'name'))).toEqual(['app', 'sidecar']);
    },
    'every write is recorded under its field manager': async (scene) => {
      await scene.request('POST', 'configmaps?fieldManager=creator', { body: configMap('a', { x: '1' }) });

      const patched = await scene.mergePatch('configmaps/a?fieldManager=patcher', { data: { y: '1' } });

      expect(managers(patched)).toEqual(['creator Update', 'patcher Update']);
    },
    'without a field manager the first word of the user agent stands in': async (scene) => {
      const { body } = await scene.request('POST', 'configmaps', {
        body: configMap('a', { x: '1' }),
        headers: { 'user-agent': 'my-tool/v1.2 (linux)' },
      });

      expect(managers(body)).toEqual(['my-tool Update']);
    },
    'a manager that changes nothing is not recorded': async (scene) => {
      await scene.request('POST', 'configmaps?fieldManager=creator', { body: configMap('a', { x: '1' }) });

      const patched = await scene.mergePatch('configmaps/a?fieldManager=patcher', { data: { x: '1' } });

      expect(managers(patched)).toEqual(['creator Update']);
    },
    'the controller is recorded as manager of status and revision': async (scene) => {
      await scene.request('POST', 'deployments?fieldManager=creator', { body: deployment({ replicas: 0 }) });

      const seen = await scene.until('deployments', 'web', (one) => at(one, 'status', 'observedGeneration') === 1);

      expect(managers(seen)).toEqual(['creator Update', 'kube-controller-manager Update status']);
    },
    'a JSON Patch is recorded with the one field it changed': async (scene) => {
      await scene.request('POST', 'deployments?fieldManager=creator', { body: deployment({ replicas: 0 }) });

      const patched = await scene.jsonPatch('deployments/web?fieldManager=deployer', [setImage('nginx:2')]);

      const entry = listAt(patched, 'metadata', 'managedFields').find((one) => textAt(one, 'manager') === 'deployer');
      const image = { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': { 'f:image': {} } } } } };
      expect(at(entry, 'fieldsV1', 'f:spec')).toEqual(image);
    },
    'a field manager longer than 128 characters is refused with 422': async (scene) => {
      const answer = await scene.request('POST', `configmaps?fieldManager=${'x'.repeat(129)}`, {
        body: configMap('a'),
      });

      expect(causes(answer)).toEqual(['fieldManager: FieldValueTooLong']);
    },
  },
};
