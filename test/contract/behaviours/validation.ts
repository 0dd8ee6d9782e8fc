import { expect } from 'vitest';
import { at, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, deployment } from '../manifests.ts';
import { causes, imageOf, verdict } from './words.ts';

export const validation: Area = {
  title: 'Validation and defaults',
  behaviours: {
    'a body that is not JSON is refused with 400': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: '{"metadata":' });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a field of the wrong type is refused with 400': async (scene) => {
      const answer = await scene.request('POST', 'deployments', { body: deployment({ spec: { replicas: 'three' } }) });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a name that is not a DNS name is refused with 422 and its field': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: configMap('Not_A_Name') });

      expect(verdict(answer)).toBe('422 Invalid');
      expect(causes(answer)).toEqual(['metadata.name: FieldValueInvalid']);
    },
    'an object without a name is refused with 422 and its field': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: { data: {} } });

      expect(verdict(answer)).toBe('422 Invalid');
      expect(causes(answer)).toEqual(['metadata.name: FieldValueRequired']);
    },
    'a malformed label value is refused with 422': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: configMap('a', {}, { labels: { x: 'a b' } }) });

      expect(causes(answer)).toEqual(['metadata.labels: FieldValueInvalid']);
    },
    'an empty image is refused with 422 and its field': async (scene) => {
      const answer = await scene.request('POST', 'deployments', { body: deployment({ image: '' }) });

      expect(verdict(answer)).toBe('422 Invalid');
      expect(causes(answer)).toEqual(['spec.template.spec.containers[0].image: FieldValueRequired']);
      expect(at(answer.body, 'details')).toMatchObject({ name: 'web', group: 'apps', kind: 'Deployment' });
    },
    'an image is not checked for being a reference': async (scene) => {
      await scene.create('deployments', deployment({ image: 'x y:::' }));

      const read = await scene.read('deployments', 'web');

      expect(imageOf(read)).toBe('x y:::');
    },
    'a selector that does not match the template is refused with 422': async (scene) => {
      const selector = { matchLabels: { app: 'other' } };

      const answer = await scene.request('POST', 'deployments', { body: deployment({ spec: { selector } }) });

      expect(causes(answer)).toEqual(['spec.template.metadata.labels: FieldValueInvalid']);
    },
    'the selector of a Deployment cannot be changed': async (scene) => {
      await scene.create('deployments', deployment());
      const labels = { app: 'web', tier: 'front' };

      const answer = await scene.request('PATCH', 'deployments/web', {
        contentType: 'application/merge-patch+json',
        body: { spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } } },
      });

      expect(causes(answer)).toEqual(['spec.selector: FieldValueInvalid']);
    },
    'a negative number of replicas is refused with 422': async (scene) => {
      const answer = await scene.request('POST', 'deployments', { body: deployment({ replicas: -1 }) });

      expect(causes(answer)).toEqual(['spec.replicas: FieldValueInvalid']);
    },
    'a Deployment that may neither surge nor lack a pod is refused with 422': async (scene) => {
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } };

      const answer = await scene.request('POST', 'deployments', { body: deployment({ spec: { strategy } }) });

      expect(causes(answer)).toEqual(['spec.strategy.rollingUpdate.maxUnavailable: FieldValueInvalid']);
    },
    'a progress deadline within minReadySeconds is refused with 422': async (scene) => {
      const spec = { minReadySeconds: 10, progressDeadlineSeconds: 10 };

      const answer = await scene.request('POST', 'deployments', { body: deployment({ spec }) });

      expect(causes(answer)).toEqual(['spec.progressDeadlineSeconds: FieldValueInvalid']);
    },
    'several mistakes are told at once': async (scene) => {
      const answer = await scene.request('POST', 'deployments', { body: deployment({ image: '', replicas: -1 }) });

      expect(causes(answer)).toEqual([
        'spec.replicas: FieldValueInvalid',
        'spec.template.spec.containers[0].image: FieldValueRequired',
      ]);
    },
    'an unknown field is dropped, with a warning': async (scene) => {
      const answer = await scene.request('POST', 'deployments', { body: deployment({ spec: { colour: 'red' } }) });

      expect(answer.status).toBe(201);
      expect(answer.headers.warning).toBe('299 - "unknown field \\"spec.colour\\""');
      expect(at(await scene.read('deployments', 'web'), 'spec', 'colour')).toBeUndefined();
    },
    'an unknown field is refused with 400 when validation is strict': async (scene) => {
      const body = deployment({ spec: { colour: 'red' } });

      const answer = await scene.request('POST', 'deployments?fieldValidation=Strict', { body });

      expect(verdict(answer)).toBe('400 BadRequest');
      expect(textAt(answer.body, 'message')).toContain('unknown field "spec.colour"');
    },
    'an unknown field is dropped in silence when validation is to ignore it': async (scene) => {
      const body = deployment({ spec: { colour: 'red' } });

      const answer = await scene.request('POST', 'deployments?fieldValidation=Ignore', { body });

      expect(answer.status).toBe(201);
      expect(answer.headers.warning).toBeUndefined();
    },
    'a Deployment gets its defaults': async (scene) => {
      const made = await scene.create('deployments', deployment({ spec: { replicas: null } }));

      expect(at(made, 'spec')).toMatchObject({
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: {
          spec: {
            restartPolicy: 'Always',
            dnsPolicy: 'ClusterFirst',
            schedulerName: 'default-scheduler',
            containers: [{ imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' }],
          },
        },
      });
    },
    'an image without a tag or with :latest is always pulled': async (scene) => {
      const made = await scene.create('deployments', deployment({ image: 'nginx' }));

      expect(at(made, 'spec', 'template', 'spec', 'containers', 0, 'imagePullPolicy')).toBe('Always');
    },
    'Secrets keep what is given as text as base64': async (scene) => {
      const made = await scene.create('secrets', { metadata: { name: 's' }, stringData: { key: 'hello' } });

      expect(made).toMatchObject({ type: 'Opaque', data: { key: 'aGVsbG8=' } });
    },
    'an immutable ConfigMap is not changed': async (scene) => {
      await scene.create('configmaps', { ...configMap('a', { x: '1' }), immutable: true });

      const answer = await scene.request('PUT', 'configmaps/a', {
        body: { ...configMap('a', { x: '2' }), immutable: true },
      });

      expect(verdict(answer)).toBe('422 Invalid');
    },
    'annotations larger than 256 KiB are refused with 422': async (scene) => {
      const annotations = { big: 'x'.repeat(262_145) };

      const answer = await scene.request('POST', 'configmaps', { body: configMap('a', {}, { annotations }) });

      expect(causes(answer)).toEqual(['metadata.annotations: FieldValueTooLong']);
    },
  },
};
