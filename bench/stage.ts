/** Where the contenders play: a cluster, the sandbox or a real control plane, in a process of its own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ApiClient, createApiClient } from '../test/support/api-client.ts';
import { startChild } from '../test/support/child-process.ts';
import { textAt } from '../test/support/json.ts';
import { kubeconfigText } from '../test/support/kubeconfig.ts';
import { type RecordingProxy, startRecordingProxy } from '../test/support/recording-proxy.ts';
import { createTempDir } from '../test/support/temp-dir.ts';

export type ClusterKind = 'sandbox' | 'real';

export interface Stage extends AsyncDisposable {
  readonly kind: ClusterKind;
  /** Speaks to the cluster as its administrator, past every proxy. */
  readonly api: ApiClient;
  /** Path of a kubeconfig that leads there, for kubectl. */
  readonly kubeconfig: string;
  newProxy(): Promise<RecordingProxy>;
}

export async function startStage(kind: ClusterKind): Promise<Stage> {
  const dir = await createTempDir(`bench-${kind}`);
  const program = await startChild({
    command: process.execPath,
    args: [join(import.meta.dirname, 'cluster-program.ts'), kind],
    logFile: dir.file('cluster.log'),
  });
  const end = async () => {
    program.signal('SIGTERM');
    await program.exited;
    await dir.remove();
  };
  try {
    const address: unknown = JSON.parse(await firstLine(program.stdout));
    const url = textAt(address, 'url');
    const token = textAt(address, 'token');
    const login = token === '' ? {} : { token };
    const kubeconfig = dir.file('kubeconfig');
    await writeFile(kubeconfig, kubeconfigText({ server: url, ...login }));
    const api = createApiClient({ url, ...login });
    return {
      kind,
      api,
      kubeconfig,
      newProxy: () => startRecordingProxy({ upstream: url, ...login }),
      [Symbol.asyncDispose]: async () => {
        api.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function firstLine(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) return line;
  throw new Error('the cluster ended before it was up; for a real one run: npm run control-plane');
}
