import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { at, listAt, numberAt, textAt } from '../support/json.ts';
import { sharedControlPlane } from '../support/shared-control-plane.ts';
import { createWeb } from './web-deployment.ts';

const plane = sharedControlPlane();

test.each([
  ['nginx:does-not-exist', 'ErrImagePull'],
  ['nginx:does-not-exist', 'ImagePullBackOff'],
  ['nginx:crash', 'CrashLoopBackOff'],
  ['nginx:no-config', 'CreateContainerConfigError'],
])('the container of %s waits with %s', async (image, reason) => {
  const web = await createWeb(plane, image);

  const status = await web.untilContainer((found) => textAt(found, 'state', 'waiting', 'reason') === reason);

  expect(status).toMatchObject({ ready: false });
});

test('a crash loop counts its restarts and keeps the last exit', async () => {
  const web = await createWeb(plane, 'nginx:oom');

  const status = await web.untilContainer((found) => numberAt(found, 'restartCount') >= 2);

  expect(at(status, 'lastState', 'terminated')).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
});

test('a container that never gets ready runs on', async () => {
  const web = await createWeb(plane, 'nginx:unready');

  const pod = await web.untilPod((status) => textAt(status, 'phase') === 'Running');

  expect(listAt(pod, 'containerStatuses')).toMatchObject([{ ready: false, state: { running: {} } }]);
});

test('an annotation of the template chooses the behaviour', async () => {
  const web = await createWeb(plane, 'nginx:1', { 'sandbox/behaviour': 'unschedulable' });

  const pod = await web.untilPod((status) => listAt(status, 'conditions').length > 0);

  expect(listAt(pod, 'conditions')).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }]);
});

test('an evicted pod fails and the ReplicaSet makes another', async () => {
  const web = await createWeb(plane, 'nginx:1', { 'sandbox/behaviour': 'evicted after=2s' });

  const pods = await eventually(async () => {
    const items = listAt(await plane.api.ask('GET', web.pods), 'items');
    return items.some((pod) => textAt(pod, 'status', 'reason') === 'Evicted') && items.length > 1 && items;
  });

  const evicted = pods.find((pod) => textAt(pod, 'status', 'reason') === 'Evicted');
  expect(textAt(evicted, 'status', 'phase')).toBe('Failed');
});

test('the log of the run before is served through the API server', async () => {
  const web = await createWeb(plane, 'nginx:crash');
  await web.untilContainer((status) => at(status, 'lastState', 'terminated') !== undefined);
  const pod = textAt(listAt(await plane.api.ask('GET', web.pods), 'items')[0], 'metadata', 'name');

  const log = await plane.api.ask('GET', `${web.pods}/${pod}/log?previous=true&tailLines=2`);

  expect(log).toBe('Error: DATABASE_URL is not set\n    at main (/app/server.js:12:9)\n');
});

test('trouble is told as an Event, and the same trouble raises its count', async () => {
  const web = await createWeb(plane, 'nginx:crash');

  const event = await eventually(async () => {
    const [first] = listAt(await plane.api.ask('GET', `${web.events}?fieldSelector=reason=BackOff`), 'items');
    return numberAt(first, 'count') >= 2 && first;
  });

  expect(event).toMatchObject({ type: 'Warning', involvedObject: { kind: 'Pod' }, source: { component: 'kubelet' } });
});

test('pods of a deleted Deployment end', async () => {
  const web = await createWeb(plane, 'nginx:1');
  await web.untilAvailable();

  await plane.api.ask('DELETE', web.path);

  await eventually(async () => listAt(await plane.api.ask('GET', web.pods), 'items').length === 0);
});
