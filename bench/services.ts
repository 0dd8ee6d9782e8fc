/** Deployments for the contenders to change, and the truth about them. */
import PQueue from 'p-queue';
import type { ApiClient } from '../test/support/api-client.ts';
import { behaving, deploymentManifest, podTemplate } from '../test/support/deployment-manifest.ts';
import { eventually } from '../test/support/eventually.ts';
import { followObjects } from '../test/support/follow-objects.ts';
import { listAt, numberAt, textAt } from '../test/support/json.ts';
import { preciseNow } from '../test/support/loopback-server.ts';

export interface Service {
  readonly name: string;
  readonly namespace: string;
  /** Base name of its dep file. */
  readonly key: string;
}

export interface ServiceOptions {
  readonly count: number;
  /** Tag of the image they start with. */
  readonly version: string;
  /** How their pods behave; see the table in `src/sandbox/pod-rules.ts`. Ready after 300 ms unless told. */
  readonly behaviour?: string;
  readonly progressDeadlineSeconds?: number;
}

/** Ready as soon as they start: for measurements that are not about the time a rollout takes. */
export const READY_AT_ONCE = 'ready after=0';
const CREATED_AT_ONCE = 16;
const REPOSITORY = 'registry.example/app';

/** Creates them in a new namespace and waits until all are available. */
export async function createServices(api: ApiClient, options: ServiceOptions): Promise<readonly Service[]> {
  const created = await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { generateName: 'bench-' } } });
  const namespace = textAt(created, 'metadata', 'name');
  const services = Array.from({ length: options.count }, (_, index) => {
    const name = `app-${String(index + 1).padStart(5, '0')}`;
    return { name, namespace, key: `${name}_${namespace}` };
  });
  const slots = new PQueue({ concurrency: CREATED_AT_ONCE });
  const path = deploymentsPath(namespace);
  await slots.addAll(
    services.map(
      ({ name }) =>
        () =>
          api.ask('POST', path, { body: manifest(name, options) }),
    ),
  );
  await eventually(async () => (await readDeployments(api, namespace)).every(isComplete), {
    timeoutMs: 60_000 + 60 * options.count,
    intervalMs: 100 + options.count,
  });
  return services;
}

function manifest(name: string, { version, behaviour, progressDeadlineSeconds = 600 }: ServiceOptions) {
  const podSpec = { containers: [{ name: 'app', image: imageOf(version) }] };
  return deploymentManifest(name, {
    progressDeadlineSeconds,
    template: podTemplate(name, podSpec, behaving(behaviour)),
  });
}

export function imageOf(version: string): string {
  return `${REPOSITORY}:${version}`;
}

function deploymentsPath(namespace: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments`;
}

async function readDeployments(api: ApiClient, namespace: string): Promise<readonly unknown[]> {
  return listAt(await api.ask('GET', deploymentsPath(namespace)), 'items');
}

function runningImage(deployment: unknown): string {
  return textAt(deployment, 'spec', 'template', 'spec', 'containers', 0, 'image');
}

/** kubectl's rule. */
export function isComplete(deployment: unknown): boolean {
  const wanted = numberAt(deployment, 'spec', 'replicas');
  const counts = ['updatedReplicas', 'availableReplicas', 'replicas'];
  return (
    numberAt(deployment, 'status', 'observedGeneration') >= numberAt(deployment, 'metadata', 'generation') &&
    counts.every((count) => numberAt(deployment, 'status', count) === wanted)
  );
}

export interface Completions {
  /** Epoch ms at which this version was first seen complete. */
  of(service: Service, version: string): number | undefined;
}

/** Watches a namespace past the proxy and notes when each version of each Deployment is complete. */
export async function followCompletions(api: ApiClient, namespace: string, signal: AbortSignal): Promise<Completions> {
  const seenAt = new Map<string, number>();
  const id = (name: string, image: string) => `${name} ${image}`;
  const seen = (deployment: unknown) => {
    const complete = id(textAt(deployment, 'metadata', 'name'), runningImage(deployment));
    if (isComplete(deployment) && !seenAt.has(complete)) seenAt.set(complete, preciseNow());
  };
  await followObjects(api, deploymentsPath(namespace), { seen, gone: () => undefined }, signal);
  return { of: ({ name }, version) => seenAt.get(id(name, imageOf(version))) };
}

/** What is wrong when every service should run this version; empty when all do. */
export async function wrongImages(api: ApiClient, services: readonly Service[], version: string): Promise<string[]> {
  const [first] = services;
  if (first === undefined) return [];
  const running = new Map(
    (await readDeployments(api, first.namespace)).map((one) => [textAt(one, 'metadata', 'name'), runningImage(one)]),
  );
  return services
    .filter(({ name }) => running.get(name) !== imageOf(version))
    .map(({ key, name }) => `${key} runs ${running.get(name)}, wanted ${version}`);
}
