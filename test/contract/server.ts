/** The two servers every behaviour is held to: a real control plane, and the sandbox that claims to be like it. */
import { writeFile } from 'node:fs/promises';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { sharedControlPlane } from '../support/shared-control-plane.ts';
import { createTempDir } from '../support/temp-dir.ts';

export interface ContractServer extends AsyncDisposable {
  /** Speaks as the administrator. */
  readonly api: ApiClient;
  /** Speaks as the user `nobody`, whose rights are what a scene grants. */
  readonly nobody: ApiClient;
  /** Paths of kubeconfig files. */
  readonly kubeconfigs: Readonly<Record<'admin' | 'nobody', string>>;
}

export interface ContractServerKind {
  readonly name: string;
  start(): Promise<ContractServer>;
}

/** More than the watches and requests of all scenes that run at once. */
const MAX_CONNECTIONS = 256;

async function useControlPlane(): Promise<ContractServer> {
  const plane = sharedControlPlane();
  const { url, address } = plane;
  const api = createApiClient({ url, token: address.adminToken, maxConnections: MAX_CONNECTIONS });
  const nobody = createApiClient({ url, token: address.nobodyToken, maxConnections: MAX_CONNECTIONS });
  return {
    api,
    nobody,
    kubeconfigs: { admin: plane.kubeconfigFor('admin'), nobody: plane.kubeconfigFor('nobody') },
    [Symbol.asyncDispose]: async () => {
      for (const client of [api, nobody, plane.api]) client.close();
    },
  };
}

async function useSandbox(): Promise<ContractServer> {
  const dir = await createTempDir('contract');
  const users = [{ token: 'nobody-token', name: 'nobody', groups: ['nobodies'] }];
  const sandbox = await startSandbox({ token: 'admin-token', users });
  const { url } = sandbox;
  const api = createApiClient({ url, token: 'admin-token', maxConnections: MAX_CONNECTIONS });
  const nobody = createApiClient({ url, token: 'nobody-token', maxConnections: MAX_CONNECTIONS });
  const kubeconfigs = { admin: dir.file('admin.kubeconfig'), nobody: dir.file('nobody.kubeconfig') };
  await writeFile(kubeconfigs.admin, sandbox.kubeconfig());
  await writeFile(kubeconfigs.nobody, sandbox.kubeconfig('nobody-token'));
  return {
    api,
    nobody,
    kubeconfigs,
    [Symbol.asyncDispose]: async () => {
      for (const client of [api, nobody]) client.close();
      await sandbox.stop();
      await dir.remove();
    },
  };
}

export const SERVERS: readonly ContractServerKind[] = [
  { name: 'a real control plane', start: useControlPlane },
  { name: 'the sandbox', start: useSandbox },
];
