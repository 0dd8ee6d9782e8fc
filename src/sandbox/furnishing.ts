/** What every cluster has from the start: its namespaces, a node, and the roles people bind to. */

import { kubeTime } from './objects.ts';
import { NODE_NAME } from './pod-status.ts';
import type { Store } from './store.ts';

const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

const readVerbs = ['get', 'list', 'watch'];
const writeVerbs = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const coreKinds = [
  'configmaps',
  'endpoints',
  'events',
  'pods',
  'pods/log',
  'resourcequotas',
  'serviceaccounts',
  'services',
];
const appKinds = ['deployments', 'deployments/scale', 'replicasets', 'replicasets/scale'];

function workloadRules(verbs: readonly string[], core: readonly string[]) {
  return [
    { apiGroups: [''], resources: core, verbs },
    { apiGroups: ['apps'], resources: appKinds, verbs },
  ];
}

const clusterRoles = {
  'cluster-admin': [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  edit: workloadRules([...readVerbs, ...writeVerbs], [...coreKinds, 'secrets']),
  view: workloadRules(readVerbs, coreKinds),
};

/** Fills a new store. */
export function furnish(store: Store): void {
  for (const name of namespaces) {
    store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
  for (const [name, rules] of Object.entries(clusterRoles)) {
    store.create('clusterroles.rbac.authorization.k8s.io', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules,
    });
  }
  store.create('nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE_NAME, labels: { 'kubernetes.io/hostname': NODE_NAME } },
    spec: {},
    status: nodeStatus(kubeTime(Date.now())),
  });
}

function nodeStatus(since: string) {
  const capacity = { cpu: '64', memory: '256Gi', pods: '100000' };
  return {
    capacity,
    allocatable: capacity,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        lastHeartbeatTime: since,
        lastTransitionTime: since,
        reason: 'KubeletReady',
        message: 'the sandbox plays this node',
      },
    ],
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: NODE_NAME },
    ],
    nodeInfo: {
      kubeletVersion: 'v1.36.1+sandbox',
      osImage: 'memory',
      kernelVersion: 'none',
      containerRuntimeVersion: 'sandbox://1',
      architecture: 'none',
      operatingSystem: 'none',
    },
  };
}
