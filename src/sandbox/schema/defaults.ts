/** What the API server fills in on every write, so that stored objects read like real ones. */
import { type Fields, fields, items, type NewObject, text } from '../objects.ts';
import type { Resource } from '../resources.ts';

type Filled = Readonly<Record<string, unknown>>;

/** `Always` for `latest` and untagged images, else `IfNotPresent`. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  // A text that is not a reference has no tag either.
  if (/\s/.test(image)) return 'IfNotPresent';
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function probe(value: Fields): Filled {
  const httpGet = value.httpGet ? { httpGet: { path: '/', scheme: 'HTTP', ...fields(value.httpGet) } } : {};
  return { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3, ...value, ...httpGet };
}

function each(list: unknown, fill: (item: Fields) => Filled): readonly Filled[] {
  return items(list).map((item) => fill(fields(item)));
}

/** `value` with `field` rewritten when it is there. */
function mapped(value: Fields, field: string, fill: (inner: unknown) => unknown): Filled {
  return value[field] === undefined || value[field] === null ? {} : { [field]: fill(value[field]) };
}

function envVariable(value: Fields): Filled {
  const from = fields(value.valueFrom);
  if (from.fieldRef === undefined) return value;
  return { ...value, valueFrom: { ...from, fieldRef: { apiVersion: 'v1', ...fields(from.fieldRef) } } };
}

function container(value: Fields): Filled {
  return {
    ...value,
    ...mapped(value, 'ports', (ports) => each(ports, (port) => ({ protocol: 'TCP', ...port }))),
    ...mapped(value, 'env', (env) => each(env, envVariable)),
    ...mapped(value, 'livenessProbe', (inner) => probe(fields(inner))),
    ...mapped(value, 'readinessProbe', (inner) => probe(fields(inner))),
    ...mapped(value, 'startupProbe', (inner) => probe(fields(inner))),
    resources: value.resources ?? {},
    terminationMessagePath: value.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: value.terminationMessagePolicy ?? 'File',
    imagePullPolicy: value.imagePullPolicy ?? pullPolicy(text(value.image) ?? ''),
  };
}

function volume(value: Fields): Filled {
  const sources = Object.keys(value).filter((key) => key !== 'name');
  if (sources.length === 0) return { ...value, emptyDir: {} };
  const withMode = (field: string): Filled =>
    mapped(value, field, (source) => ({ defaultMode: 420, ...fields(source) }));
  return { ...value, ...withMode('configMap'), ...withMode('secret'), ...withMode('projected') };
}

function podSpec(spec: Fields): Filled {
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    ...(account === undefined ? {} : { serviceAccountName: account, serviceAccount: account }),
    ...mapped(spec, 'containers', (list) => each(list, container)),
    ...mapped(spec, 'initContainers', (list) => each(list, container)),
    ...mapped(spec, 'volumes', (list) => each(list, volume)),
  };
}

function template(value: unknown): Filled {
  return { ...fields(value), metadata: fields(fields(value).metadata), spec: podSpec(fields(fields(value).spec)) };
}

function strategy(value: Fields): Filled {
  const type = value.type ?? 'RollingUpdate';
  if (type !== 'RollingUpdate') return { ...value, type };
  return { ...value, type, rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%', ...fields(value.rollingUpdate) } };
}

function deploymentSpec(spec: Fields): Filled {
  return {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...spec,
    strategy: strategy(fields(spec.strategy)),
    template: template(spec.template),
  };
}

function serviceSpec(spec: Fields): Filled {
  const clusterIP = spec.clusterIP ?? serviceAddress();
  return {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ...(spec.type === 'ExternalName' ? {} : { clusterIP, clusterIPs: [clusterIP] }),
    ...spec,
    ...mapped(spec, 'ports', (ports) => each(ports, (port) => ({ protocol: 'TCP', targetPort: port.port, ...port }))),
  };
}

function serviceAddress(): string {
  const byte = (): number => 1 + Math.floor(Math.random() * 254);
  return `10.96.${byte()}.${byte()}`;
}

function secret(object: NewObject): NewObject {
  const { stringData, ...rest } = object;
  const encoded = Object.entries(fields(stringData)).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  const data = { ...fields(object.data), ...Object.fromEntries(encoded) };
  return { type: 'Opaque', ...rest, ...(Object.keys(data).length > 0 ? { data } : {}) };
}

function namespace(object: NewObject): NewObject {
  const { metadata } = object;
  const labels = { ...metadata.labels, ...(metadata.name ? { 'kubernetes.io/metadata.name': metadata.name } : {}) };
  return { ...object, metadata: { ...metadata, labels }, spec: { finalizers: ['kubernetes'], ...fields(object.spec) } };
}

/** A pod by itself also gets what admission adds to every pod. */
function pod(spec: Fields): Filled {
  const tolerate = (problem: string): Filled => ({
    key: `node.kubernetes.io/${problem}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  });
  return {
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    tolerations: [tolerate('not-ready'), tolerate('unreachable')],
    ...podSpec(spec),
  };
}

/** Fields the JSON of an Event always shows. */
function event(object: NewObject): NewObject {
  const times = { eventTime: null, firstTimestamp: null, lastTimestamp: null };
  return { source: {}, reportingComponent: '', reportingInstance: '', ...times, ...object };
}

/** The object with every default of its kind filled in. */
export function withDefaults<T extends NewObject>(resource: Resource, object: T): T | NewObject {
  const spec = fields(object.spec);
  switch (resource) {
    case 'deployments.apps':
      return { ...object, spec: deploymentSpec(spec) };
    case 'replicasets.apps':
      return { ...object, spec: { replicas: 1, ...spec, template: template(spec.template) } };
    case 'pods':
      return { ...object, spec: pod(spec) };
    case 'services':
      return { ...object, spec: serviceSpec(spec) };
    case 'secrets':
      return secret(object);
    case 'namespaces':
      return namespace(object);
    case 'events':
    case 'events.events.k8s.io':
      return event(object);
    default:
      return object;
  }
}

/** The status a newly created object starts with; anything the client sent is dropped, as upstream does. */
export function initialStatus(resource: Resource): Fields | undefined {
  switch (resource) {
    case 'pods':
      return { phase: 'Pending', qosClass: 'BestEffort' };
    case 'namespaces':
      return { phase: 'Active' };
    case 'services':
      return { loadBalancer: {} };
    case 'replicasets.apps':
      return { replicas: 0 };
    default:
      return {};
  }
}
