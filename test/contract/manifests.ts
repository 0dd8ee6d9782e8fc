/** The objects that scenes create. */

export interface DeploymentParts {
  readonly name?: string;
  readonly image?: string;
  readonly replicas?: number;
  /** Further fields of the spec. */
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  /** How its pods behave: a rule of the pods, `slow after=60s`. */
  readonly pods?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Deployment `web` with one container, `app`. */
export function deployment(parts: DeploymentParts = {}): object {
  const { name = 'web', image = 'nginx:1', replicas = 1, spec = {}, annotations, pods, labels } = parts;
  const behaviour = pods === undefined ? {} : { annotations: { 'sandbox/behaviour': pods } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      ...(annotations === undefined ? {} : { annotations }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name }, ...behaviour }, spec: podSpec(image) },
      ...spec,
    },
  };
}

function podSpec(image: string) {
  // As on a real node, a pod may take a while to end; these need not.
  return { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image }] };
}

export function pod(name: string, image = 'nginx:1', labels: Readonly<Record<string, string>> = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: podSpec(image) };
}

export function configMap(name: string, data: object = {}, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

/** A JSON Patch operation that gives the container of `web` another image. */
export function setImage(image: string): object {
  return { op: 'replace', path: '/spec/template/spec/containers/0/image', value: image };
}
