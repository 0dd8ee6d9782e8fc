/** The services of the demo's cluster, made as `kubectl apply` would make them. */

export const NAMESPACE = 'shop';

const SERVICES = [
  { name: 'web', image: 'nginx:1.24.0', replicas: 3 },
  { name: 'api', image: 'registry.example.com/shop/api:2.0.0', replicas: 2 },
] as const;

/** Creates the namespace and the services. Rejects when the API server does not take one. */
export async function createServices(url: string): Promise<void> {
  await post(`${url}/api/v1/namespaces`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (const service of SERVICES) {
    await post(`${url}/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, deployment(service));
  }
}

function deployment({ name, image, replicas }: (typeof SERVICES)[number]): unknown {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name, image, ports: [{ containerPort: 8080 }] }] },
      },
    },
  };
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
}
