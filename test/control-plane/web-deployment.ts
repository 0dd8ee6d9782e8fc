/** The Deployment of these tests: `web`, one pod with one container, `app`. */
import type { ControlPlane } from '../support/control-plane.ts';
import { deploymentManifest, podTemplate } from '../support/deployment-manifest.ts';
import { eventually } from '../support/eventually.ts';
import { listAt, numberAt } from '../support/json.ts';

export interface WebDeployment {
  readonly path: string;
  /** Path of the pods of its namespace: its own and no others. */
  readonly pods: string;
  readonly events: string;
  read(): Promise<unknown>;
  untilAvailable(): Promise<unknown>;
  /** The status of its pod, once `holds` is true of it. */
  untilPod(holds: (status: unknown) => boolean): Promise<unknown>;
  /** The same of the status of the pod's container. */
  untilContainer(holds: (status: unknown) => boolean): Promise<unknown>;
}

/** Created in a namespace of its own; the annotations go on the pod template. */
export async function createWeb(
  plane: ControlPlane,
  image: string,
  annotations: Readonly<Record<string, string>> = {},
): Promise<WebDeployment> {
  const { api } = plane;
  const namespace = await plane.newNamespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
  const template = podTemplate('web', { containers: [{ name: 'app', image }] }, annotations);
  await api.ask('POST', path.slice(0, path.lastIndexOf('/')), { body: deploymentManifest('web', { template }) });

  const read = () => api.ask('GET', path);
  const untilPod: WebDeployment['untilPod'] = (holds) =>
    eventually(async () => {
      const { status } = Object(listAt(await api.ask('GET', pods), 'items')[0]);
      return holds(status) && status;
    });
  return {
    path,
    pods,
    events: `/api/v1/namespaces/${namespace}/events`,
    read,
    untilAvailable: () =>
      eventually(async () => {
        const { status } = Object(await read());
        return numberAt(status, 'availableReplicas') === 1 && status;
      }),
    untilPod,
    untilContainer: (holds) =>
      eventually(async () => {
        const pod = await untilPod((status) => listAt(status, 'containerStatuses').length > 0);
        const [status] = listAt(pod, 'containerStatuses');
        return holds(status) && status;
      }),
  };
}
