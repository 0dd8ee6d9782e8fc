/** Objects as an API server answers them, trimmed to what is read. */

export function deploymentObject(
  name: string,
  changes: {
    readonly image?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
  } = {},
) {
  const { image = 'nginx:1.25.0', namespace = 'prod', resourceVersion = '100', generation = 2 } = changes;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace,
      uid: `uid-${namespace}-${name}`,
      resourceVersion,
      generation,
      creationTimestamp: '2026-01-02T03:04:05Z',
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: name } },
      progressDeadlineSeconds: 600,
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image }] } },
    },
    status: { observedGeneration: generation, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 },
  };
}

export function replicaSetObject(deployment: string, hash: string, namespace = 'prod') {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment}-${hash}`,
      namespace,
      uid: `uid-${namespace}-${deployment}-${hash}`,
      resourceVersion: '101',
      annotations: { 'deployment.kubernetes.io/revision': '2' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: deployment,
          uid: `uid-${namespace}-${deployment}`,
          controller: true,
        },
      ],
    },
    spec: { replicas: 3, template: { spec: { containers: [{ name: deployment, image: 'nginx:1.25.0' }] } } },
    status: { replicas: 3 },
  };
}

export function podObject(deployment: string, hash: string, suffix: string, namespace = 'prod') {
  const owner = `${deployment}-${hash}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${owner}-${suffix}`,
      namespace,
      uid: `uid-${namespace}-${owner}-${suffix}`,
      resourceVersion: '102',
      creationTimestamp: '2026-01-02T03:04:05Z',
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: `uid-${namespace}-${owner}`, controller: true },
      ],
    },
    spec: { containers: [{ name: deployment, image: 'nginx:1.25.0' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
}
