/** Where the sandbox is not like a real server, on purpose: what it refuses, and what it takes without looking. */
import { APPLY_PATCH, type ApiAnswer } from '../support/api-client.ts';
import { configMap, deployment, pod } from './manifests.ts';
import type { Scene } from './scene.ts';

export interface Difference {
  /** What somebody might want: a noun phrase. */
  readonly what: string;
  readonly ask: (scene: Scene) => Promise<ApiAnswer>;
}

export interface Refusal extends Difference {
  readonly code: number;
  /** Part of the sandbox's message. */
  readonly message: string;
}

export interface Leniency extends Difference {
  /** What a real server answers. The sandbox takes it. */
  readonly code: number;
}

/** Kinds the sandbox does not have, each with its API. */
const KINDS: readonly (readonly [what: string, path: string, plural: string, api: string])[] = [
  ['StatefulSets', '/apis/apps/v1', 'statefulsets', 'apps/v1'],
  ['DaemonSets', '/apis/apps/v1', 'daemonsets', 'apps/v1'],
  ['Jobs', '/apis/batch/v1', 'jobs', 'batch/v1'],
  ['CronJobs', '/apis/batch/v1', 'cronjobs', 'batch/v1'],
  ['Ingresses', '/apis/networking.k8s.io/v1', 'ingresses', 'networking.k8s.io/v1'],
  ['HorizontalPodAutoscalers', '/apis/autoscaling/v2', 'horizontalpodautoscalers', 'autoscaling/v2'],
  ['PodDisruptionBudgets', '/apis/policy/v1', 'poddisruptionbudgets', 'policy/v1'],
  ['PersistentVolumeClaims', '/api/v1', 'persistentvolumeclaims', 'v1'],
  ['LimitRanges', '/api/v1', 'limitranges', 'v1'],
  ['EndpointSlices', '/apis/discovery.k8s.io/v1', 'endpointslices', 'discovery.k8s.io/v1'],
  [
    'CustomResourceDefinitions',
    '/apis/apiextensions.k8s.io/v1',
    'customresourcedefinitions',
    'apiextensions.k8s.io/v1',
  ],
  [
    'Admission webhooks',
    '/apis/admissionregistration.k8s.io/v1',
    'validatingwebhookconfigurations',
    'admissionregistration.k8s.io/v1',
  ],
];

const kinds: readonly Refusal[] = KINDS.map(([what, path, plural, api]) => ({
  what,
  ask: ({ api: client }) => client.request('GET', `${path}/${plural}`),
  code: 404,
  message: `(the sandbox does not serve ${plural} in ${api})`,
}));

/** Subresources of pods, with a method they take. */
const POD_ACTIONS: readonly (readonly [what: string, method: string, subresource: string])[] = [
  ['`kubectl exec`', 'GET', 'exec'],
  ['`kubectl attach`', 'GET', 'attach'],
  ['`kubectl port-forward`', 'GET', 'portforward'],
  ['`kubectl drain` (evictions)', 'POST', 'eviction'],
  ['`kubectl debug` (ephemeral containers)', 'PATCH', 'ephemeralcontainers'],
  ['Binding pods to nodes', 'POST', 'binding'],
  ['Resizing pods in place', 'PATCH', 'resize'],
];

const podActions: readonly Refusal[] = POD_ACTIONS.map(([what, method, subresource]) => ({
  what,
  ask: async (scene) => {
    await scene.create('pods', pod('one', 'nginx:unschedulable'));
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const body = subresource === 'binding' ? { metadata: { name: 'one' }, target: { name: 'n' } } : {};
    return scene.request(method, `pods/one/${subresource}`, method === 'GET' ? {} : { body, contentType });
  },
  code: 404,
  message: `(the sandbox does not serve pods/${subresource})`,
}));

/** What the sandbox does not do, and how it says so. */
export const REFUSALS: readonly Refusal[] = [
  ...kinds,
  ...podActions,
  {
    what: 'Tokens of ServiceAccounts (users are given to `startSandbox`)',
    ask: async (scene) => {
      await scene.create('serviceaccounts', { metadata: { name: 'robot' } });
      return scene.request('POST', 'serviceaccounts/robot/token', { body: { spec: {} } });
    },
    code: 404,
    message: '(the sandbox does not serve serviceaccounts/token)',
  },
  {
    what: 'Impersonation (`kubectl --as`)',
    ask: ({ api }) => api.request('GET', '/api/v1/namespaces', { headers: { 'impersonate-user': 'admin' } }),
    code: 400,
    message: 'the sandbox does not impersonate users',
  },
  {
    what: 'Asking what somebody else may do (SubjectAccessReview)',
    ask: ({ api }) =>
      api.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        body: { spec: { user: 'x', resourceAttributes: { verb: 'get', resource: 'pods' } } },
      }),
    code: 404,
    message: '(the sandbox does not serve subjectaccessreviews in authorization.k8s.io/v1)',
  },
  {
    what: 'Bodies in YAML (kubectl sends JSON)',
    ask: (scene) =>
      scene.request('POST', 'configmaps', {
        body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n',
        contentType: 'application/yaml',
      }),
    code: 415,
    message: '(the sandbox reads no YAML)',
  },
  {
    what: 'Applies in YAML (kubectl sends JSON)',
    ask: (scene) =>
      scene.request('PATCH', 'configmaps/a?fieldManager=one', {
        body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n',
        contentType: APPLY_PATCH,
      }),
    code: 400,
    message: 'the sandbox reads JSON only',
  },
  {
    what: 'Answers in protobuf (requests in protobuf are read)',
    ask: (scene) => scene.request('GET', 'pods', { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
    code: 406,
    message: 'only the following media types are accepted: application/json',
  },
  {
    what: 'Server-side apply of a scale',
    ask: async (scene) => {
      await scene.create('deployments', deployment({ replicas: 0 }));
      const metadata = { name: 'web', namespace: scene.namespace };
      const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata, spec: { replicas: 0 } };
      return scene.request('PATCH', 'deployments/web/scale?fieldManager=one', { body, contentType: APPLY_PATCH });
    },
    code: 400,
    message: 'the sandbox does not apply a scale server-side',
  },
  {
    what: 'Lists as of an exact version of the past',
    ask: async (scene) => {
      const made = await scene.create('configmaps', configMap('a'));
      await scene.create('configmaps', configMap('b'));
      const version = String(Object(made).metadata?.resourceVersion);
      return scene.request('GET', `configmaps?resourceVersion=${version}&resourceVersionMatch=Exact`);
    },
    code: 410,
    message: 'The resourceVersion for the provided list is too old.',
  },
  {
    what: 'Watches below `/watch/` (deprecated upstream)',
    ask: ({ api, namespace }) => api.request('GET', `/api/v1/watch/namespaces/${namespace}/pods?timeoutSeconds=1`),
    code: 404,
    message: '(the sandbox does not serve watch in v1)',
  },
  {
    what: 'Quotas with scopes',
    ask: (scene) =>
      scene.request('POST', 'resourcequotas', {
        body: { metadata: { name: 'q' }, spec: { hard: { pods: '1' }, scopes: ['NotTerminating'] } },
      }),
    code: 422,
    message: 'the sandbox counts quotas without scopes',
  },
  {
    what: 'Metrics of the server',
    ask: ({ api }) => api.request('GET', '/metrics'),
    code: 404,
    message: 'the sandbox serves nothing at /metrics',
  },
];

const badPod = (name: string, container: object, spec: object = {}) => ({
  metadata: { name },
  spec: { ...spec, containers: [{ name: 'app', image: 'nginx:1', ...container }] },
});

const podOf =
  (container: object, spec: object = {}) =>
  (scene: Scene) =>
    scene.request('POST', 'pods', { body: badPod('one', container, spec) });

/** Mistakes a real server refuses and the sandbox does not see. */
export const LENIENCIES: readonly Leniency[] = [
  { what: 'A probe without a handler', ask: podOf({ livenessProbe: {} }), code: 422 },
  {
    what: 'A request above its limit',
    ask: podOf({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }),
    code: 422,
  },
  { what: 'A variable whose name holds `=`', ask: podOf({ env: [{ name: 'A=B', value: '1' }] }), code: 422 },
  { what: 'A node selector that is not a label', ask: podOf({}, { nodeSelector: { 'a b': 'c' } }), code: 422 },
  {
    what: 'A Service without ports',
    ask: (scene) => scene.request('POST', 'services', { body: { metadata: { name: 'one' }, spec: {} } }),
    code: 422,
  },
  {
    what: 'A role without verbs',
    ask: (scene) =>
      scene.request('POST', 'roles', {
        body: { metadata: { name: 'one' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: [] }] },
      }),
    code: 422,
  },
  {
    what: 'A status whose counters are negative or contradict each other',
    ask: async (scene) => {
      await scene.create('deployments', deployment({ replicas: 0 }));
      return scene.request('PATCH', 'deployments/web/status', {
        body: { status: { replicas: -1 } },
        contentType: 'application/merge-patch+json',
      });
    },
    code: 422,
  },
];

/** Where the sandbox answers the same in fewer words. */
export const SIMPLER: readonly string[] = [
  '`managedFields` name the fields somebody set, never the maps and lists that hold them (`.`).',
  'Messages about JSON and selectors that cannot be read say what is wrong in words of their own; code, reason and field are the same.',
  'The message about a patch whose outcome cannot be read does not repeat the whole object.',
  'Bookmarks come every 30 s; a real server sends them about once a minute.',
  'There is one node, and whatever is not unschedulable by its rule fits on it.',
];
