import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { at, listAt, textAt } from '../../support/json.ts';
import type { Area } from '../behaviour.ts';
import { configMap, deployment, pod } from '../manifests.ts';
import type { Scene } from '../scene.ts';
import { causes, condition, nameOf, verdict } from './words.ts';

/** A new quota that leaves room for none of these; a real server takes a moment to enforce it. */
async function noRoomFor(scene: Scene, resource: 'pods' | 'configmaps'): Promise<void> {
  const counted = resource === 'pods' ? 'pods' : `count/${resource}`;
  await scene.create('resourcequotas', { metadata: { name: 'limits' }, spec: { hard: { [counted]: '0' } } });
  const body = resource === 'pods' ? pod('probe') : configMap('probe');
  await eventually(async () => (await scene.request('POST', `${resource}?dryRun=All`, { body })).status === 403);
}

const lease = (spec: object) => ({ metadata: { name: 'leader' }, spec });

export const namespaces: Area = {
  title: 'Namespaces, quotas, Leases',
  behaviours: {
    'a new namespace is active and labelled with its name': async (scene) => {
      const found = await scene.api.ask('GET', `/api/v1/namespaces/${scene.namespace}`);

      expect(found).toMatchObject({
        metadata: { labels: { 'kubernetes.io/metadata.name': scene.namespace } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    },
    'a namespace created twice is refused with 409 AlreadyExists': async (scene) => {
      const body = { metadata: { name: scene.namespace } };

      const answer = await scene.api.request('POST', '/api/v1/namespaces', { body });

      expect(verdict(answer)).toBe('409 AlreadyExists');
    },
    'the name of a namespace holds no dots': async (scene) => {
      const body = { metadata: { name: 'a.b' } };

      const answer = await scene.api.request('POST', '/api/v1/namespaces', { body });

      expect(causes(answer)).toEqual(['metadata.name: FieldValueInvalid']);
    },
    'a deleted namespace terminates, and takes nothing new': async (scene) => {
      await scene.create('configmaps', configMap('held', {}, { finalizers: ['example.com/wait'] }));

      const { body } = await scene.api.request('DELETE', `/api/v1/namespaces/${scene.namespace}`);
      const answer = await scene.request('POST', 'configmaps', { body: configMap('late') });
      await scene.mergePatch('configmaps/held', { metadata: { finalizers: null } });

      expect(textAt(body, 'metadata', 'deletionTimestamp')).not.toBe('');
      expect(answer.body).toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message: `configmaps "late" is forbidden: unable to create new content in namespace ${scene.namespace} because it is being terminated`,
        details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
      });
    },
    'it goes with everything in it, in the end': async (scene) => {
      await scene.create('deployments', deployment());
      await scene.untilList('pods', (all) => all.length === 1);
      const place = `/api/v1/namespaces?watch=1&fieldSelector=metadata.name%3D${scene.namespace}`;
      const ending = new AbortController();
      const gone = Promise.withResolvers<void>();
      const seen: string[] = [];
      const open = scene.api
        .watch(
          place,
          ({ type, object }) => {
            seen.push(`${type} ${textAt(object, 'status', 'phase')}`);
            if (type === 'DELETED') gone.resolve();
          },
          ending.signal,
        )
        .catch(() => undefined);

      await scene.api.request('DELETE', `/api/v1/namespaces/${scene.namespace}`);
      await gone.promise;
      ending.abort();
      await open;

      expect(seen).toContain('MODIFIED Terminating');
      expect(await scene.list('deployments')).toEqual([]);
      expect(await scene.list('pods')).toEqual([]);
    },
    'the namespaces a cluster needs cannot be deleted': async (scene) => {
      const answer = await scene.api.request('DELETE', '/api/v1/namespaces/kube-system');

      expect(answer.body).toMatchObject({
        code: 403,
        message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
      });
    },
    'a quota refuses what exceeds it with 403, and says by how much': async (scene) => {
      await noRoomFor(scene, 'configmaps');

      const answer = await scene.request('POST', 'configmaps', { body: configMap('a') });

      expect(answer.body).toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message:
          'configmaps "a" is forbidden: exceeded quota: limits, requested: count/configmaps=1, used: count/configmaps=0, limited: count/configmaps=0',
      });
    },
    'pods refused by a quota show as ReplicaFailure on the Deployment': async (scene) => {
      await noRoomFor(scene, 'pods');
      await scene.create('deployments', deployment());

      const failed = await scene.until('deployments', 'web', (one) => condition(one, 'ReplicaFailure') !== undefined);

      const found = condition(failed, 'ReplicaFailure');
      expect(found).toMatchObject({ status: 'True', reason: 'FailedCreate' });
      expect(textAt(found, 'message')).toMatch(
        /^pods "web-[a-z0-9]+-[a-z0-9]{5}" is forbidden: exceeded quota: limits, requested: pods=1, used: pods=0, limited: pods=0$/,
      );
    },
    'and as an event of the ReplicaSet': async (scene) => {
      await noRoomFor(scene, 'pods');
      await scene.create('deployments', deployment());

      const [event] = await scene.untilList('events', (all) => all.length > 0, 'fieldSelector=reason=FailedCreate');

      expect(event).toMatchObject({ type: 'Warning', involvedObject: { kind: 'ReplicaSet' } });
      expect(textAt(event, 'message')).toMatch(/^Error creating: pods "web-.* is forbidden: exceeded quota: limits/);
    },
    'a quota that is raised lets the rollout go on': async (scene) => {
      await noRoomFor(scene, 'pods');
      await scene.create('deployments', deployment());
      await scene.until('deployments', 'web', (one) => condition(one, 'ReplicaFailure') !== undefined);

      await scene.mergePatch('resourcequotas/limits', { spec: { hard: { pods: '5' } } });

      const done = await scene.until('deployments', 'web', (one) => at(one, 'status', 'availableReplicas') === 1);
      expect(condition(done, 'ReplicaFailure')).toBeUndefined();
    },
    'a Lease keeps times to the microsecond': async (scene) => {
      const spec = {
        holderIdentity: 'one',
        leaseDurationSeconds: 15,
        leaseTransitions: 1,
        renewTime: '2026-01-01T00:00:00.123456Z',
      };

      const made = await scene.create('leases', lease(spec));

      expect(at(made, 'spec')).toEqual(spec);
    },
    'only one of two who update a Lease they both read succeeds': async (scene) => {
      const read = await scene.create('leases', lease({ holderIdentity: 'nobody' }));
      const take = (holderIdentity: string) =>
        scene.request('PUT', 'leases/leader', { body: { ...Object(read), spec: { holderIdentity } } });

      const answers = await Promise.all([take('one'), take('two')]);

      expect(answers.map(verdict).toSorted()).toEqual(['200', '409 Conflict']);
    },
    'a Lease is updated only by who names the version it read': async (scene) => {
      await scene.create('leases', lease({ holderIdentity: 'one' }));

      const answer = await scene.request('PUT', 'leases/leader', { body: lease({ holderIdentity: 'two' }) });

      expect(verdict(answer)).toBe('422 Invalid');
      expect(causes(answer)).toEqual(['metadata.resourceVersion: FieldValueInvalid']);
    },
    'a PUT of a missing Lease creates it': async (scene) => {
      const answer = await scene.request('PUT', 'leases/leader', { body: lease({ holderIdentity: 'one' }) });

      expect([answer.status, nameOf(answer.body)]).toEqual([201, 'leader']);
    },
    'a Lease of no duration is refused with 422': async (scene) => {
      const answer = await scene.request('POST', 'leases', { body: lease({ leaseDurationSeconds: 0 }) });

      expect(causes(answer)).toEqual(['spec.leaseDurationSeconds: FieldValueInvalid']);
    },
    'a ConfigMap key that is not a file name is refused with 422': async (scene) => {
      const answer = await scene.request('POST', 'configmaps', { body: configMap('a', { 'a/b': '1' }) });

      expect(causes(answer)).toEqual(['data[a/b]: FieldValueInvalid']);
    },
    'discovery lists the kinds of a group with their verbs and short names': async (scene) => {
      const answer = await scene.api.ask('GET', '/apis/apps/v1');

      const found = listAt(answer, 'resources').find((one) => textAt(one, 'name') === 'deployments');
      expect(found).toMatchObject({ kind: 'Deployment', namespaced: true, shortNames: ['deploy'] });
      const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
      expect(listAt(found, 'verbs').toSorted()).toEqual(verbs);
    },
    'the version is told to anybody': async (scene) => {
      const { status, body } = await scene.nobody.request('GET', '/version');

      expect([status, textAt(body, 'major')]).toEqual([200, '1']);
    },
    'health is answered with ok': async (scene) => {
      const answers = await Promise.all(['/readyz', '/livez'].map((path) => scene.api.request('GET', path)));

      expect(answers.map(({ status, body }) => [status, body])).toEqual([
        [200, 'ok'],
        [200, 'ok'],
      ]);
    },
  },
};
