/** The Deployment of a story. */
import type { Shape } from '../stories/story.ts';
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
  const labels = { app: name };
  const annotations = behaviour === undefined ? {} : { 'sandbox/behaviour': behaviour };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: 'app', image, ...app }, ...beside], ...pod },
      },
      ...spec,
    },
  };
}
