/** Every kind of object the sandbox serves. What is not here is answered 404. */

/** Plural and group, `deployments.apps` or `pods`: the key of the store. */
export type Resource = string;

export interface ResourceInfo {
  readonly key: Resource;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly subresources: readonly ('status' | 'scale' | 'log')[];
  /** What raises `metadata.generation`; for Deployments a change of annotations counts too. */
  readonly generation: 'none' | 'spec' | 'spec-and-annotations';
  /** The resource whose objects these are: itself, `events` for both event APIs, none for reviews (answered, never kept). */
  readonly storage: Resource | undefined;
}

function resource(
  apiVersion: string,
  plural: string,
  kind: string,
  more: Partial<Omit<ResourceInfo, 'plural' | 'kind' | 'key' | 'group' | 'version'>> = {},
): ResourceInfo {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const key = group === '' ? plural : `${plural}.${group}`;
  return {
    key,
    group,
    version: apiVersion.slice(slash + 1),
    plural,
    singular: kind.toLowerCase(),
    kind,
    shortNames: [],
    categories: [],
    namespaced: true,
    subresources: [],
    generation: 'none',
    storage: key,
    ...more,
  };
}

export const RESOURCES: readonly ResourceInfo[] = [
  resource('v1', 'namespaces', 'Namespace', { shortNames: ['ns'], namespaced: false, subresources: ['status'] }),
  resource('v1', 'nodes', 'Node', { shortNames: ['no'], namespaced: false, subresources: ['status'] }),
  resource('v1', 'pods', 'Pod', {
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['status', 'log'],
    generation: 'spec',
  }),
  resource('v1', 'services', 'Service', { shortNames: ['svc'], categories: ['all'], subresources: ['status'] }),
  resource('v1', 'endpoints', 'Endpoints', { shortNames: ['ep'], singular: 'endpoints' }),
  resource('v1', 'configmaps', 'ConfigMap', { shortNames: ['cm'] }),
  resource('v1', 'secrets', 'Secret'),
  resource('v1', 'serviceaccounts', 'ServiceAccount', { shortNames: ['sa'] }),
  resource('v1', 'resourcequotas', 'ResourceQuota', { shortNames: ['quota'], subresources: ['status'] }),
  resource('v1', 'events', 'Event', { shortNames: ['ev'] }),
  resource('events.k8s.io/v1', 'events', 'Event', { shortNames: ['ev'], storage: 'events' }),
  resource('apps/v1', 'deployments', 'Deployment', {
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: ['status', 'scale'],
    generation: 'spec-and-annotations',
  }),
  resource('apps/v1', 'replicasets', 'ReplicaSet', {
    shortNames: ['rs'],
    categories: ['all'],
    subresources: ['status', 'scale'],
    generation: 'spec',
  }),
  resource('coordination.k8s.io/v1', 'leases', 'Lease'),
  resource('rbac.authorization.k8s.io/v1', 'roles', 'Role'),
  resource('rbac.authorization.k8s.io/v1', 'rolebindings', 'RoleBinding'),
  resource('rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', { namespaced: false }),
  resource('rbac.authorization.k8s.io/v1', 'clusterrolebindings', 'ClusterRoleBinding', { namespaced: false }),
  resource('authorization.k8s.io/v1', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', {
    namespaced: false,
    storage: undefined,
  }),
  resource('authorization.k8s.io/v1', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', {
    namespaced: false,
    storage: undefined,
  }),
];

const BY_KEY = new Map(RESOURCES.map((info) => [info.key, info]));

/** The description of a stored kind; throws on a key that is not in the table, which is a mistake in the caller. */
export function resourceInfo(key: Resource): ResourceInfo {
  const info = BY_KEY.get(key);
  if (!info) throw new Error(`the sandbox has no resource ${key}`);
  return info;
}

/** The apiVersion objects of this resource carry: `apps/v1`, `v1`. */
export function apiVersionOf(info: ResourceInfo): string {
  return info.group === '' ? info.version : `${info.group}/${info.version}`;
}
