import { expect } from 'vitest';
import { at, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, deployment, setImage } from '../manifests.ts';
import { withoutPods } from './web.ts';
import { imageOf, nameOf, uidOf, verdict, versionOf } from './words.ts';

const NO_UID = '00000000-0000-0000-0000-000000000000';

export const objects: Area = {
  title: 'Objects, versions, refusals',
  behaviours: {
    'a created object gets its uid, version and time from the server': async (scene) => {
      const { status, body } = await scene.request('POST', 'configmaps', { body: configMap('a') });

      expect(status).toBe(201);
      expect(body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: scene.namespace } });
      expect(uidOf(body)).toMatch(/^[0-9a-f-]{36}$/);
      expect(textAt(body, 'metadata', 'creationTimestamp')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    },
    'generateName is completed by five characters': async (scene) => {
      const made = await scene.create('configmaps', { metadata: { generateName: 'made-' } });

      expect(nameOf(made)).toMatch(/^made-[a-z0-9]{5}$/);
    },
    'creating an object that exists is refused with 409 AlreadyExists, naming it': async (scene) => {
      await scene.create('deployments', deployment());

      const answer = await scene.request('POST', 'deployments', { body: deployment() });

      expect(answer.body).toMatchObject({
        kind: 'Status',
        code: 409,
        reason: 'AlreadyExists',
        message: 'deployments.apps "web" already exists',
        details: { name: 'web', group: 'apps', kind: 'deployments' },
      });
    },
    'an object that is missing is answered with 404 NotFound, naming it': async (scene) => {
      const { body } = await scene.request('GET', 'deployments/none');

      expect(body).toMatchObject({
        kind: 'Status',
        status: 'Failure',
        code: 404,
        reason: 'NotFound',
        message: 'deployments.apps "none" not found',
        details: { name: 'none', group: 'apps', kind: 'deployments' },
      });
    },
    'an object of the core group is named without a group': async (scene) => {
      const { body } = await scene.request('GET', 'pods/none');

      expect(at(body, 'message')).toBe('pods "none" not found');
      expect(at(body, 'details')).toEqual({ name: 'none', kind: 'pods' });
    },
    'a missing namespace is named when something is created in it': async (scene) => {
      const path = '/api/v1/namespaces/no-such-namespace/configmaps';

      const answer = await scene.api.request('POST', path, { body: configMap('a') });

      expect(answer.body).toMatchObject({ code: 404, message: 'namespaces "no-such-namespace" not found' });
    },
    'a list in a missing namespace is empty': async (scene) => {
      const { status, body } = await scene.api.request('GET', '/apis/apps/v1/namespaces/no-such-namespace/deployments');

      expect(status).toBe(200);
      expect(body).toMatchObject({ kind: 'DeploymentList', items: [] });
    },
    'an unknown kind is answered with 404 NotFound': async (scene) => {
      const answer = await scene.api.request('GET', '/apis/apps/v1/namespaces/default/gadgets');

      expect(answer.status).toBe(404);
    },
    'a method that makes no sense is answered with 405': async (scene) => {
      const answer = await scene.request('POST', 'configmaps/a', { body: configMap('a') });

      expect(verdict(answer)).toBe('405 MethodNotAllowed');
    },
    'names that lead out of their folder are refused': async (scene) => {
      const namespace = await scene.api.request('GET', '/apis/apps/v1/namespaces/%2E%2E/deployments/web');
      const name = await scene.api.request('GET', `${scene.path('deployments')}/%2E%2E`);

      expect([namespace.status, verdict(name)]).toEqual([500, '400 BadRequest']);
    },
    'every write raises the resourceVersion': async (scene) => {
      const first = await scene.create('configmaps', configMap('a'));
      const other = await scene.create('configmaps', configMap('b'));
      const second = await scene.mergePatch('configmaps/a', { data: { x: '1' } });

      expect(versionOf(other)).toBeGreaterThan(versionOf(first));
      expect(versionOf(second)).toBeGreaterThan(versionOf(other));
    },
    'a write that changes nothing keeps the resourceVersion': async (scene) => {
      const before = await scene.create('configmaps', configMap('a', { x: '1' }));

      const after = await scene.mergePatch('configmaps/a', { data: { x: '1' } });

      expect(versionOf(after)).toBe(versionOf(before));
    },
    'a PUT with a stale resourceVersion is refused with 409 Conflict': async (scene) => {
      const stale = await scene.create('configmaps', configMap('a'));
      await scene.mergePatch('configmaps/a', { data: { x: '1' } });

      const answer = await scene.request('PUT', 'configmaps/a', { body: stale });

      expect(answer.body).toMatchObject({
        code: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      });
    },
    'a PUT without resourceVersion replaces whatever is there': async (scene) => {
      await scene.create('configmaps', configMap('a', { x: '1', y: '2' }));

      const answer = await scene.request('PUT', 'configmaps/a', { body: configMap('a', { x: '3' }) });

      expect(answer.status).toBe(200);
      expect(at(answer.body, 'data')).toEqual({ x: '3' });
    },
    'a PUT of what is missing is refused with 404': async (scene) => {
      const answer = await scene.request('PUT', 'configmaps/a', { body: configMap('a') });

      expect(verdict(answer)).toBe('404 NotFound');
    },
    'a PUT with the uid of another object is refused with 409': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const answer = await scene.request('PUT', 'configmaps/a', { body: configMap('a', {}, { uid: NO_UID }) });

      expect(verdict(answer)).toBe('409 Conflict');
    },
    'a PUT whose object has another name than its path is refused with 400': async (scene) => {
      await scene.create('configmaps', configMap('a'));

      const answer = await scene.request('PUT', 'configmaps/a', { body: configMap('b') });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'an object for another namespace than its path is refused with 400': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: configMap('a', {}, { namespace: 'default' }) });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'an object of another kind than its path is refused with 400': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: deployment() });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a new object may not bring a resourceVersion, which counts as an error of the server': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: configMap('a', {}, { resourceVersion: '5' }) });

      expect(answer.body).toMatchObject({
        code: 500,
        message: 'resourceVersion should not be set on objects to be created',
      });
    },
    'a stored Deployment can be sent back as it is': async (scene) => {
      await withoutPods(scene);
      const stored = await scene.until('deployments', 'web', (one) => at(one, 'status', 'observedGeneration') === 1);

      const answer = await scene.request('PUT', 'deployments/web', { body: stored });

      expect(answer.status).toBe(200);
      expect(versionOf(answer.body)).toBe(versionOf(stored));
    },
    'a PUT tells the version it was read at apart from a later one': async (scene) => {
      const read = await withoutPods(scene);
      await scene.jsonPatch('deployments/web', [setImage('nginx:2')]);

      const answer = await scene.request('PUT', 'deployments/web', { body: read });

      expect(verdict(answer)).toBe('409 Conflict');
      expect(imageOf(await scene.read('deployments', 'web'))).toBe('nginx:2');
    },
  },
};
