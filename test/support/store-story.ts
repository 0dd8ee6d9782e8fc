/** A store with controllers and a clock moved by hand: the stage for stories about rollouts, without HTTP. */
import { admit } from '../../src/sandbox/admission.ts';
import { startControllers } from '../../src/sandbox/controllers.ts';
import { at, fields, items, type KubeObject, number, text } from '../../src/sandbox/objects.ts';
import { podRuleFor } from '../../src/sandbox/pod-rules.ts';
import { createStore, type Store, type StoreEvent } from '../../src/sandbox/store.ts';
import { behaving, deploymentManifest, podTemplate } from './deployment-manifest.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

export interface DeploymentWish {
  readonly name?: string;
  readonly image?: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of the pod template: `sandbox/behaviour` and others. */
  readonly behaviour?: string;
  readonly probed?: boolean;
  readonly initImage?: string;
  /** Further fields of the spec: strategy, paused, minReadySeconds and so on. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface Story {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly controllers: ReturnType<typeof startControllers>;
  /** Every change since the start, in order. */
  readonly changes: readonly StoreEvent[];
  deploy(wish?: DeploymentWish): KubeObject;
  deployment(name?: string): KubeObject;
  /** Replaces part of the Deployment's spec, or its annotations, as a patch would. */
  change(spec: Readonly<Record<string, unknown>>, name?: string): KubeObject;
  setImage(image: string, name?: string): KubeObject;
  /** Oldest first. */
  replicaSets(name?: string): readonly KubeObject[];
  pods(selector?: string): readonly KubeObject[];
  /** `Reason: message (xN)` of every Event about an object of that kind, in order of their first telling. */
  events(kind: string): readonly string[];
  status(name?: string): Readonly<Record<string, unknown>>;
  condition(type: string, name?: string): Readonly<Record<string, unknown>>;
}

export const NAMESPACE = 'web';

export function startStory(options: { readonly speed?: number } = {}): Story {
  const clock = createManualClock();
  const store = createStore({ admit, now: clock.now });
  store.create('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  const controllers = startControllers({ store, clock, pods: { ruleFor: podRuleFor, speed: options.speed ?? 1 } });
  const changes: StoreEvent[] = [];
  store.subscribe((event) => changes.push(event));

  const deployment = (name = 'app'): KubeObject => {
    const found = store.get('deployments.apps', NAMESPACE, name);
    if (found === undefined) throw new Error(`no Deployment ${name}`);
    return found;
  };
  const change = (spec: Readonly<Record<string, unknown>>, name = 'app') => {
    const object = deployment(name);
    return store.update('deployments.apps', { ...object, spec: { ...fields(object.spec), ...spec } });
  };

  return {
    store,
    clock,
    controllers,
    changes,
    deployment,
    change,
    deploy: (wish = {}) => store.create('deployments.apps', manifest(wish)),
    setImage(image, name = 'app') {
      const template = fields(at(deployment(name), 'spec', 'template'));
      const podSpec = fields(template.spec);
      const [first] = items(podSpec.containers);
      return change(
        { template: { ...template, spec: { ...podSpec, containers: [{ ...fields(first), image }] } } },
        name,
      );
    },
    replicaSets(name = 'app') {
      const sets = store.list('replicasets.apps', { namespace: NAMESPACE, matchLabels: { app: name } });
      return [...sets].sort((a, b) => revisionOf(a) - revisionOf(b));
    },
    pods: (hash) =>
      store.list('pods', {
        namespace: NAMESPACE,
        ...(hash === undefined ? {} : { matchLabels: { 'pod-template-hash': hash } }),
      }),
    events: (kind) =>
      store
        .list('events', { namespace: NAMESPACE })
        .filter((event) => at(event, 'involvedObject', 'kind') === kind)
        .sort((a, b) => born(a) - born(b))
        .map((event) => `${event.reason}: ${event.message}${number(event.count) === 1 ? '' : ` (x${event.count})`}`),
    status: (name) => fields(deployment(name).status),
    condition: (type, name) =>
      fields(items(at(deployment(name), 'status', 'conditions')).find((one) => at(one, 'type') === type)),
  };

  function born(event: KubeObject): number {
    return changes.findIndex((one) => one.object.metadata.uid === event.metadata.uid);
  }
}

/** `deployment.kubernetes.io/revision`, 0 when absent. */
export function revisionOf(object: KubeObject): number {
  return Number(object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
}

/** The image, specified replicas and available replicas of ReplicaSets: `v1 3/3`. */
export function sizes(sets: readonly KubeObject[]): readonly string[] {
  return sets.map((set) => {
    const image = text(at(set, 'spec', 'template', 'spec', 'containers', 0, 'image')) ?? '';
    const tag = image.slice(image.indexOf(':') + 1);
    return `${tag} ${number(at(set, 'status', 'availableReplicas')) ?? 0}/${at(set, 'spec', 'replicas')}`;
  });
}

function manifest(wish: DeploymentWish) {
  const { name = 'app', image = 'nginx:v1', replicas = 1, annotations, behaviour, probed, initImage, spec } = wish;
  const probe = probed === true ? { readinessProbe: { httpGet: { path: '/', port: 80 } } } : {};
  const podSpec = {
    ...(initImage === undefined ? {} : { initContainers: [{ name: 'init', image: initImage }] }),
    containers: [{ name: 'app', image, ...probe }],
  };
  const made = deploymentManifest(name, {
    replicas,
    template: podTemplate(name, podSpec, behaving(behaviour)),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    ...spec,
  });
  return { ...made, metadata: { ...made.metadata, namespace: NAMESPACE, ...(annotations ? { annotations } : {}) } };
}
