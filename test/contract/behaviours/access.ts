import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { at, listAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, setImage } from '../manifests.ts';
import { ask } from '../scene.ts';
import { withoutPods } from './web.ts';
import { verdict } from './words.ts';

export const access: Area = {
  title: 'Who may do what',
  behaviours: {
    'without rights a request is refused with 403 and says what was missing': async (scene) => {
      const { body } = await scene.nobody.request('GET', scene.path('deployments', 'web'));

      expect(body).toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message: `deployments.apps "web" is forbidden: User "nobody" cannot get resource "deployments" in API group "apps" in the namespace "${scene.namespace}"`,
        details: { name: 'web', group: 'apps', kind: 'deployments' },
      });
    },
    'so is a list of all namespaces': async (scene) => {
      const { body } = await scene.nobody.request('GET', '/api/v1/pods');

      expect(at(body, 'message')).toBe(
        'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" at the cluster scope',
      );
    },
    'so is a watch, before anything is streamed': async (scene) => {
      const answer = await scene.nobody.request('GET', `${scene.path('pods')}?watch=1`);

      expect(verdict(answer)).toBe('403 Forbidden');
    },
    'a refusal does not tell whether the object is there': async (scene) => {
      await scene.create('configmaps', configMap('there'));

      const there = await scene.nobody.request('GET', scene.path('configmaps', 'there'));
      const missing = await scene.nobody.request('GET', scene.path('configmaps', 'missing'));

      expect([verdict(there), verdict(missing)]).toEqual(['403 Forbidden', '403 Forbidden']);
    },
    'a role gives exactly its verbs': async (scene) => {
      await withoutPods(scene);
      await scene.grant(['get'], ['deployments']);
      const path = scene.path('deployments', 'web');

      const read = await scene.nobody.request('GET', path);
      const patched = await scene.nobody.request('PATCH', path, {
        body: [setImage('nginx:2')],
        contentType: 'application/json-patch+json',
      });
      const listed = await scene.nobody.request('GET', scene.path('deployments'));

      expect([read, patched, listed].map(verdict)).toEqual(['200', '403 Forbidden', '403 Forbidden']);
    },
    'a role gives exactly its namespace': async (scene) => {
      await scene.grant(['list'], ['configmaps']);

      const here = await scene.nobody.request('GET', scene.path('configmaps'));
      const there = await scene.nobody.request('GET', '/api/v1/namespaces/default/configmaps');

      expect([here, there].map(verdict)).toEqual(['200', '403 Forbidden']);
    },
    'a role may be for named objects only': async (scene) => {
      await scene.create('configmaps', configMap('mine'));
      await scene.create('configmaps', configMap('other'));
      await scene.grant(['get'], ['configmaps'], ['mine']);

      const answers = await Promise.all(
        ['mine', 'other'].map((name) => scene.nobody.request('GET', scene.path('configmaps', name))),
      );

      expect(answers.map(verdict)).toEqual(['200', '403 Forbidden']);
    },
    'the right to an object does not extend to its subresources': async (scene) => {
      await withoutPods(scene);
      await scene.grant(['get'], ['deployments']);

      const answer = await scene.nobody.request('GET', scene.path('deployments', 'web', 'scale'));

      expect(verdict(answer)).toBe('403 Forbidden');
      expect(at(answer.body, 'message')).toContain('cannot get resource "deployments/scale" in API group "apps"');
    },
    'a role for a subresource gives it': async (scene) => {
      await withoutPods(scene);
      await scene.grant(['get'], ['deployments/scale']);

      const answer = await scene.nobody.request('GET', scene.path('deployments', 'web', 'scale'));

      expect(answer.status).toBe(200);
    },
    'a right that is taken away is gone': async (scene) => {
      await scene.grant(['list'], ['configmaps']);

      const [binding] = await scene.list('rolebindings');
      await scene.request('DELETE', `rolebindings/${at(binding, 'metadata', 'name')}`);

      await eventually(async () => (await scene.nobody.request('GET', scene.path('configmaps'))).status === 403);
    },
    'everybody may ask what they may do': async (scene) => {
      await scene.grant(['get'], ['deployments']);
      const of = (verb: string) => ({ namespace: scene.namespace, verb, group: 'apps', resource: 'deployments' });

      const answers = await Promise.all(['get', 'patch'].map((verb) => ask(scene.nobody, of(verb))));

      expect(answers.map(({ allowed }) => allowed)).toEqual([true, false]);
    },
    'the administrator may do everything': async (scene) => {
      const { allowed } = await ask(scene.api, { verb: 'delete', group: 'any.example.com', resource: 'things' });

      expect(allowed).toBe(true);
    },
    'a token nobody has is refused with 401': async (scene) => {
      const answer = await scene.nobody.request('GET', scene.path('pods'), {
        headers: { authorization: 'Bearer not-a-token' },
      });

      expect(answer.body).toMatchObject({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
    },
    'what somebody may do can be listed': async (scene) => {
      await scene.grant(['get'], ['deployments']);

      const review = await scene.nobody.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
        body: { spec: { namespace: scene.namespace } },
      });

      const rules = listAt(review, 'status', 'resourceRules').map((rule) => [at(rule, 'verbs'), at(rule, 'resources')]);
      expect(rules).toContainEqual([['get'], ['deployments']]);
    },
  },
};
