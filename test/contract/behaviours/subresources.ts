import { expect } from 'vitest';
import { at, numberAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { deployment, pod } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { observed, withoutPods } from './web.ts';
import { annotationsOf, causes, imageOf, uidOf, verdict, versionOf } from './words.ts';

async function settled(scene: Scene): Promise<unknown> {
  await withoutPods(scene);
  return scene.until('deployments', 'web', observed);
}

const replicasOf = async (scene: Scene) => numberAt(await scene.read('deployments', 'web'), 'spec', 'replicas');

export const subresources: Area = {
  title: 'Status, scale and logs',
  behaviours: {
    'a status sent with a new object is ignored': async (scene) => {
      const made = await scene.create('deployments', { ...deployment(), status: { readyReplicas: 7, replicas: 7 } });

      expect(at(made, 'status')).toEqual({});
    },
    'a write of the object leaves the status alone': async (scene) => {
      await settled(scene);

      const patched = await scene.mergePatch('deployments/web', { status: { replicas: 7, readyReplicas: 7 } });

      expect([at(patched, 'status', 'replicas'), at(patched, 'status', 'readyReplicas')]).toEqual([
        undefined,
        undefined,
      ]);
    },
    'a write of the status leaves the spec alone': async (scene) => {
      await settled(scene);

      const patched = await scene.mergePatch('deployments/web/status', {
        spec: { replicas: 7 },
        status: { collisionCount: 1 },
      });

      expect([at(patched, 'spec', 'replicas'), at(patched, 'status', 'collisionCount')]).toEqual([0, 1]);
    },
    'a write of the status may annotate, but not label': async (scene) => {
      await settled(scene);

      const patched = await scene.mergePatch('deployments/web/status', {
        metadata: { annotations: { note: 'hello' }, labels: { tier: 'front' } },
      });

      expect(annotationsOf(patched)).toMatchObject({ note: 'hello' });
      expect(at(patched, 'metadata', 'labels')).toBeUndefined();
    },
    'a write of the status with a stale version is refused with 409': async (scene) => {
      const stale = await settled(scene);
      await scene.mergePatch('deployments/web', { metadata: { labels: { tier: 'front' } } });

      const answer = await scene.request('PUT', 'deployments/web/status', { body: stale });

      expect(verdict(answer)).toBe('409 Conflict');
    },
    'the status of what is missing is refused with 404': async (scene) => {
      const answer = await scene.request('PATCH', 'deployments/web/status', {
        body: {},
        contentType: 'application/merge-patch+json',
      });

      expect(verdict(answer)).toBe('404 NotFound');
    },
    'reading the status reads the object': async (scene) => {
      await settled(scene);

      expect(imageOf(await scene.read('deployments', 'web/status'))).toBe('nginx:1');
    },
    'the scale shows replicas and selector': async (scene) => {
      const made = await settled(scene);

      const scale = await scene.read('deployments', 'web/scale');

      expect(scale).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name: 'web', uid: uidOf(made), resourceVersion: String(versionOf(made)) },
        spec: {},
        status: { replicas: 0, selector: 'app=web' },
      });
    },
    'a patch of the scale changes the replicas': async (scene) => {
      await settled(scene);

      const scale = await scene.mergePatch('deployments/web/scale', { spec: { replicas: 2 } });

      expect([at(scale, 'spec', 'replicas'), await replicasOf(scene)]).toEqual([2, 2]);
    },
    'a PUT of the scale changes the replicas': async (scene) => {
      await settled(scene);
      const body = { metadata: { name: 'web', namespace: scene.namespace }, spec: { replicas: 2 } };

      const answer = await scene.request('PUT', 'deployments/web/scale', { body });

      expect([answer.status, await replicasOf(scene)]).toEqual([200, 2]);
    },
    'a PUT of the scale without a name is refused with 400': async (scene) => {
      await settled(scene);

      const answer = await scene.request('PUT', 'deployments/web/scale', { body: { spec: { replicas: 2 } } });

      expect(verdict(answer)).toBe('400 BadRequest');
    },
    'a PUT of the scale with a stale version is refused with 409': async (scene) => {
      await settled(scene);
      const stale = await scene.read('deployments', 'web/scale');
      await scene.mergePatch('deployments/web', { metadata: { labels: { tier: 'front' } } });

      const answer = await scene.request('PUT', 'deployments/web/scale', { body: stale });

      expect(verdict(answer)).toBe('409 Conflict');
    },
    'a negative scale is refused with 422': async (scene) => {
      await settled(scene);

      const answer = await scene.request('PATCH', 'deployments/web/scale', {
        body: { spec: { replicas: -1 } },
        contentType: 'application/merge-patch+json',
      });

      expect(causes(answer)).toEqual(['spec.replicas: FieldValueInvalid']);
    },
    'a subresource nobody has is answered with 404': async (scene) => {
      await settled(scene);

      expect((await scene.request('GET', 'deployments/web/mood')).status).toBe(404);
    },
    'the log of a running container is text': async (scene) => {
      await scene.create('pods', pod('one'));
      await scene.until('pods', 'one', (object) => textAt(object, 'status', 'phase') === 'Running');

      const answer = await scene.request('GET', 'pods/one/log');

      expect([answer.status, answer.headers['content-type'], typeof answer.body]).toEqual([
        200,
        'text/plain',
        'string',
      ]);
    },
    'the log of the run before can be asked for, and cut to its last lines': async (scene) => {
      await scene.create('pods', pod('one', 'nginx:crash'));
      await scene.until(
        'pods',
        'one',
        (object) => numberAt(object, 'status', 'containerStatuses', 0, 'restartCount') > 0,
      );

      const { body } = await scene.request('GET', 'pods/one/log?previous=true&tailLines=1');

      expect(body).toBe('    at main (/app/server.js:12:9)\n');
    },
    'the log of a container the pod does not have is refused with 400': async (scene) => {
      await scene.create('pods', pod('one'));

      const answer = await scene.request('GET', 'pods/one/log?container=none');

      expect(verdict(answer)).toBe('400 BadRequest');
      expect(textAt(answer.body, 'message')).toBe('container none is not valid for pod one');
    },
    'the log of one of several containers must be named, else 400': async (scene) => {
      const spec = { containers: ['a', 'b'].map((name) => ({ name, image: 'nginx:1' })) };
      await scene.create('pods', { metadata: { name: 'two' }, spec });

      const answer = await scene.request('GET', 'pods/two/log');

      expect(textAt(answer.body, 'message')).toBe(
        'a container name must be specified for pod two, choose one of: [a b]',
      );
    },
    'the log of a missing pod is refused with 404': async (scene) => {
      expect(verdict(await scene.request('GET', 'pods/none/log'))).toBe('404 NotFound');
    },
  },
};
