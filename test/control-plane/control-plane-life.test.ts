/** What must not be done to a control plane that others use: pausing its controllers, and ending it. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MERGE_PATCH } from '../support/api-client.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { numberAt, textAt } from '../support/json.ts';
import { isListening } from '../support/loopback-port.ts';
import { isAlive, startScript } from '../support/script-process.ts';
import { createWeb } from './web-deployment.ts';

const portOf = (url: string) => Number(new URL(url).port);

test('with the controllers paused every status is stale, and resumed it catches up', async () => {
  await using plane = await startControlPlane();
  const web = await createWeb(plane, 'nginx:1.25.0');
  await web.untilAvailable();
  plane.pauseControllers();
  const image = { spec: { template: { spec: { containers: [{ name: 'app', image: 'nginx:1.26.0' }] } } } };
  await plane.api.ask('PATCH', web.path, { body: image, contentType: MERGE_PATCH });

  const paused = await web.read();

  const generation = numberAt(paused, 'metadata', 'generation');
  expect(numberAt(paused, 'status', 'observedGeneration')).toBeLessThan(generation);
  expect(numberAt(paused, 'status', 'availableReplicas')).toBe(1);
  plane.resumeControllers();
  await eventually(async () => numberAt(await web.read(), 'status', 'observedGeneration') >= generation);
});

test('stop leaves no process, port or folder behind, also when the controllers are paused', async () => {
  const plane = await startControlPlane();
  const { url, folder, controllerManagerPid } = plane.address;
  plane.pauseControllers();

  await plane.stop();
  await plane.stop();

  expect(existsSync(folder)).toBe(false);
  expect(isAlive(controllerManagerPid)).toBe(false);
  expect(await isListening(portOf(url))).toBe(false);
});

test('nothing is left either when the process that started it is killed', async () => {
  const { child, told } = await startScript(
    import.meta.dirname,
    `
      import { startControlPlane } from '../support/control-plane.ts';
      const { address } = await startControlPlane();
      console.log(JSON.stringify(address));
    `,
  );
  const url = textAt(told, 'url');
  expect(await isListening(portOf(url))).toBe(true);

  child.kill('SIGKILL');

  await eventually(async () => {
    const traces = [
      isAlive(numberAt(told, 'controllerManagerPid')),
      existsSync(textAt(told, 'folder')),
      await isListening(portOf(url)),
    ];
    return !traces.includes(true);
  });
});
