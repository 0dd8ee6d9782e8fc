/** The two servers every behaviour is held to: a real control plane, and the sandbox that claims to be like it. */
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { sharedControlPlane } from '../support/shared-control-plane.ts';

export interface ContractServer extends AsyncDisposable {
  /** Speaks as the administrator. */
  readonly api: ApiClient;
  /** Speaks as the user `nobody`, whose rights are what a scene grants. */
  readonly nobody: ApiClient;
  /** A watch that asks for changes the server has forgotten. */
  outdatedWatch(): Promise<string>;
  /** Texts of kubeconfig files. */
  readonly kubeconfigs: Readonly<Record<'admin' | 'nobody', string>>;
}

export interface ContractServerKind {
  readonly name: string;
  start(): Promise<ContractServer>;
}

const NEW_GROUP = 'contract.example.com';

/** More than the watches and requests of all scenes that run at once. */
const MAX_CONNECTIONS = 256;

export async function useControlPlane(): Promise<ContractServer> {
  const plane = sharedControlPlane();
  const { url, address } = plane;
  const api = createApiClient({ url, token: address.adminToken, maxConnections: MAX_CONNECTIONS });
  const nobody = createApiClient({ url, token: address.nobodyToken, maxConnections: MAX_CONNECTIONS });
  return {
    api,
    nobody,
    outdatedWatch: () => watchOfNewKind(api),
    kubeconfigs: {
      admin: kubeconfigText({ server: url, token: address.adminToken }),
      nobody: kubeconfigText({ server: url, token: address.nobodyToken }),
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of [api, nobody, plane.api]) client.close();
    },
  };
}

/**
 * A real server remembers its newest changes for more than a minute, and a fresh one all of them. But of a kind that
 * was defined a moment ago it knows nothing before that moment.
 */
async function watchOfNewKind(api: ApiClient): Promise<string> {
  const names = { plural: 'novelties', singular: 'novelty', kind: 'Novelty' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  const body = {
    metadata: { name: `novelties.${NEW_GROUP}` },
    spec: {
      group: NEW_GROUP,
      scope: 'Cluster',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
  await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body });
  const path = `/apis/${NEW_GROUP}/v1/novelties`;
  await eventually(async () => (await api.request('GET', path)).status === 200);
  return `${path}?watch=1&resourceVersion=1`;
}

export async function startSandboxServer(): Promise<ContractServer> {
  const users = [{ token: 'nobody-token', name: 'nobody', groups: ['nobodies'] }];
  const sandbox = await startSandbox({ token: 'admin-token', users });
  const { url } = sandbox;
  const api = createApiClient({ url, token: 'admin-token', maxConnections: MAX_CONNECTIONS });
  const nobody = createApiClient({ url, token: 'nobody-token', maxConnections: MAX_CONNECTIONS });
  return {
    api,
    nobody,
    // What was there before its controllers started is no history.
    outdatedWatch: async () => '/apis/apps/v1/deployments?watch=1&resourceVersion=1',
    kubeconfigs: { admin: sandbox.kubeconfig(), nobody: sandbox.kubeconfig('nobody-token') },
    [Symbol.asyncDispose]: async () => {
      for (const client of [api, nobody]) client.close();
      await sandbox.stop();
    },
  };
}

export const SERVERS: readonly ContractServerKind[] = [
  { name: 'a real control plane', start: useControlPlane },
  { name: 'the sandbox', start: startSandboxServer },
];
