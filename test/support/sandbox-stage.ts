/** A sandbox for one test, with a client that speaks as its administrator. */
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type ApiClient, createApiClient } from './api-client.ts';

export interface SandboxStage extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly api: ApiClient;
}

export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

export async function startSandboxStage(options: SandboxOptions = {}): Promise<SandboxStage> {
  const sandbox = await startSandbox(options);
  const api = createApiClient({
    url: sandbox.url,
    ...(options.token === undefined ? {} : { token: options.token }),
  });
  return {
    sandbox,
    api,
    async [Symbol.asyncDispose]() {
      api.close();
      await sandbox.stop();
    },
  };
}
