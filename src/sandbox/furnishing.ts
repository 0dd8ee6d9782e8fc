/** What every cluster has from the start: its namespaces, a node, and the roles people bind to. */

import { kubeTime } from './objects.ts';
import { NODE_NAME } from './pod-status.ts';
import type { Store } from './store.ts';

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

const READ_VERBS = ['get', 'list', 'watch'];
const WRITE_VERBS = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const CORE_KINDS = [
  'configmaps',
  'endpoints',
  'events',
  'pods',
  'pods/log',
  'resourcequotas',
  'serviceaccounts',
  'services',
];
const APP_KINDS = ['deployments', 'deployments/scale', 'replicasets', 'replicasets/scale'];

function workloadRules(verbs: readonly string[], core: readonly string[]) {
  return [
    { apiGroups: [''], resources: core, verbs },
    { apiGroups: ['apps'], resources: APP_KINDS, verbs },
  ];
}

const CLUSTER_ROLES = {
  'cluster-admin': [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  edit: workloadRules([...READ_VERBS, ...WRITE_VERBS], [...CORE_KINDS, 'secrets']),
  view: workloadRules(READ_VERBS, CORE_KINDS),
};

/** Fills a new store. */
export function furnish(store: Store): void {
  for (const name of NAMESPACES) {
    store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
  for (const [name, rules] of Object.entries(CLUSTER_ROLES)) {
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
