import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { createApiClient } from '../support/api-client.ts';
import { textAt } from '../support/json.ts';
import { tellStories } from './tell-stories.ts';

/** The sandbox: nothing but Node is needed. */
tellStories(async () => {
  const sandbox = await startSandbox();
  const { url, controllers } = sandbox;
  const api = createApiClient({ url });
  return {
    url,
    api,
    async newNamespace(prefix = 'test') {
      const body = { metadata: { generateName: `${prefix}-` } };
      return textAt(await api.ask('POST', '/api/v1/namespaces', { body }), 'metadata', 'name');
    },
    pauseControllers: () => controllers.pause(),
    resumeControllers: () => controllers.resume(),
    async close() {
      api.close();
      await sandbox.stop();
    },
  };
});
