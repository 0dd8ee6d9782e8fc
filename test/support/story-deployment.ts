/** The Deployment of a story. */
import type { Shape } from '../stories/story.ts';
import { behaving, deploymentManifest, podTemplate } from './deployment-manifest.ts';
import { listAt, textAt } from './json.ts';

/** What the container `app` is to run. */
export function imageOf(deployment: unknown): string {
  const containers = listAt(deployment, 'spec', 'template', 'spec', 'containers');
  return textAt(
    containers.find((container) => textAt(container, 'name') === 'app'),
    'image',
  );
}

/** The object of this shape, as a client would apply it. */
export function manifest(name: string, shape: Shape): unknown {
  const { replicas = 1, image = 'nginx:1.0', behaviour, app = {}, beside = [], pod = {}, spec = {} } = shape;
  const podSpec = { containers: [{ name: 'app', image, ...app }, ...beside], ...pod };
  return deploymentManifest(name, { replicas, template: podTemplate(name, podSpec, behaving(behaviour)), ...spec });
}
