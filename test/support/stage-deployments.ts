/** The Deployments a stage plays with: creating them, changing them as others would, and every state they went through. */
import { type ApiClient, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from './api-client.ts';
import { deploymentManifest, podTemplate } from './deployment-manifest.ts';
import { eventually } from './eventually.ts';
import { listAt, numberAt, textAt } from './json.ts';

export interface DeploymentOptions {
  /** `nginx:1.0` unless told; of the only container, which is named `app`. */
  readonly image?: string;
  /** In place of the only container, e.g. a sidecar beside it. */
  readonly containers?: readonly { readonly name: string; readonly image: string }[];
  readonly replicas?: number;
  /** Further fields of `spec`, e.g. `strategy` or `paused`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Of the pod template; `sandbox/behaviour` says how its pods behave whatever their image. */
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** `false`: do not wait for its pods. */
  readonly untilAvailable?: boolean;
}

/** One state of a Deployment, as the API server committed it. */
export interface Commit {
  readonly uid: string;
  readonly generation: number;
  /** By container, in order. */
  readonly images: readonly string[];
  /** JSON. */
  readonly template: string;
  /** The engine's annotation. */
  readonly attempt: string;
  readonly resourceVersion: string;
}

export interface StageDeployments {
  create(name: string, options?: DeploymentOptions): Promise<void>;
  read(name: string): Promise<unknown>;
  remove(name: string): Promise<void>;
  /** Changes it with a merge patch, as another client would. */
  change(name: string, body: unknown): Promise<void>;
  /** `kubectl set image`, by somebody else. */
  setImage(name: string, image: string, container?: string): Promise<void>;
  /** Every state since the stage was set, up to the present one. */
  commits(name: string): Promise<readonly Commit[]>;
  /** Images of the first container, in order, each change once. */
  images(name: string): Promise<readonly string[]>;
  /** How often the pod template changed: how many rollouts there were. */
  templateChanges(name: string): Promise<number>;
}

export function followDeployments(api: ApiClient, namespace: string, until: AbortSignal): StageDeployments {
  const collection = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const history = new Map<string, Commit[]>();
  const follow = async () => {
    await api.watch(`${collection}?watch=1`, ({ object }) => remember(history, object), until);
  };
  // The server and the test decide when it ends; `commits` says so when it ended too early.
  let broken: unknown;
  follow().then(
    () => {
      broken = new Error('the watch of the stage has ended');
    },
    (error: unknown) => {
      broken = error;
    },
  );

  const read = (name: string) => api.ask('GET', `${collection}/${name}`);
  const commits = async (name: string): Promise<readonly Commit[]> => {
    const { body } = await api.request('GET', `${collection}/${name}`);
    const newest = textAt(body, 'metadata', 'resourceVersion');
    return eventually(() => {
      const seen = history.get(name) ?? [];
      if (broken !== undefined) throw broken;
      return (newest === '' || seen.some(({ resourceVersion }) => resourceVersion === newest)) && [...seen];
    });
  };
  const change = async (name: string, body: unknown) => {
    await api.ask('PATCH', `${collection}/${name}`, { contentType: MERGE_PATCH, body });
  };

  return {
    read,
    commits,
    change,
    async create(name, options = {}) {
      await api.ask('POST', collection, { body: deploymentBody(name, options) });
      if (options.untilAvailable === false) return;
      const replicas = options.replicas ?? 1;
      await eventually(async () => numberAt(await read(name), 'status', 'availableReplicas') === replicas);
    },
    async remove(name) {
      await api.ask('DELETE', `${collection}/${name}`);
    },
    async setImage(name, image, container = 'app') {
      const body = { spec: { template: { spec: { containers: [{ name: container, image }] } } } };
      await api.ask('PATCH', `${collection}/${name}?fieldManager=kubectl-set`, {
        contentType: STRATEGIC_MERGE_PATCH,
        body,
      });
    },
    async images(name) {
      return changesOf(await commits(name), ({ images }) => images[0] ?? '');
    },
    async templateChanges(name) {
      return changesOf(await commits(name), ({ template }) => template).length - 1;
    },
  };
}

function remember(history: Map<string, Commit[]>, object: unknown): void {
  const name = textAt(object, 'metadata', 'name');
  if (name === '') return;
  const containers = listAt(object, 'spec', 'template', 'spec', 'containers');
  const commit: Commit = {
    uid: textAt(object, 'metadata', 'uid'),
    generation: numberAt(object, 'metadata', 'generation'),
    images: containers.map((container) => textAt(container, 'image')),
    template: JSON.stringify(Object(object).spec.template),
    attempt: textAt(object, 'metadata', 'annotations', 'deployment-k8s-engine/attempt'),
    resourceVersion: textAt(object, 'metadata', 'resourceVersion'),
  };
  history.set(name, [...(history.get(name) ?? []), commit]);
}

/** The values in order, runs of the same one told once. */
function changesOf(commits: readonly Commit[], aspect: (commit: Commit) => string): readonly string[] {
  const values = commits.map(aspect);
  return values.filter((value, index) => value !== values[index - 1]);
}

function deploymentBody(name: string, options: DeploymentOptions): unknown {
  const { image = 'nginx:1.0', replicas = 1, spec = {}, podAnnotations } = options;
  const { containers = [{ name: 'app', image }] } = options;
  return deploymentManifest(name, { replicas, template: podTemplate(name, { containers }, podAnnotations), ...spec });
}
