/** Deployments as a client would apply them. */

type Fields = Readonly<Record<string, unknown>>;

/** A complete Deployment with one container, `app`; `spec` is merged over its spec. */
export function deploymentManifest(name: string, spec: Fields = {}) {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: podTemplate(name, { containers: [{ name: 'app', image: 'registry.test/app:v1' }] }),
      ...spec,
    },
  };
}

/** The `template` of such a spec, whose pods the Deployment of this name selects. */
export function podTemplate(name: string, spec: Fields, annotations?: Fields) {
  return { metadata: { labels: { app: name }, ...(annotations === undefined ? {} : { annotations }) }, spec };
}

/** The annotation that says how pods behave, whatever their image; none without a behaviour. */
export function behaving(behaviour: string | undefined): Readonly<Record<string, string>> | undefined {
  return behaviour === undefined ? undefined : { 'sandbox/behaviour': behaviour };
}
