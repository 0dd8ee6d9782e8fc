/** The stage on a sandbox of its own: nothing but Node is needed. */
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { createApiClient } from '../support/api-client.ts';
import { type Stage, type StageOptions, setStage } from '../support/deploy-stage.ts';

const NAMESPACE = 'prod';

export async function startStage(options?: StageOptions): Promise<Stage> {
  const sandbox = await startSandbox();
  const api = createApiClient({ url: sandbox.url });
  const newNamespace = async () => {
    await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: NAMESPACE } } });
    return NAMESPACE;
  };
  const close = async () => {
    api.close();
    await sandbox.stop();
  };
  return setStage({ url: sandbox.url, api, newNamespace, close }, options);
}
