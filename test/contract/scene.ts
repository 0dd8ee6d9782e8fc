/** Where one behaviour is shown: a namespace of its own on one server, and the words to speak about what is in it. */
import { type ApiAnswer, type ApiClient, type ApiRequest, JSON_PATCH, MERGE_PATCH } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { listAt, textAt } from '../support/json.ts';
import { type RecordedWatch, recordWatch } from './recorded-watch.ts';
import type { ContractServer } from './server.ts';

/** Groups of the kinds that are not in the core group. */
const GROUPS: Readonly<Record<string, string>> = {
  deployments: 'apps/v1',
  replicasets: 'apps/v1',
  leases: 'coordination.k8s.io/v1',
  roles: 'rbac.authorization.k8s.io/v1',
  rolebindings: 'rbac.authorization.k8s.io/v1',
};

/** `/apis/apps/v1/namespaces/x/deployments/web/status`; without a namespace the path of all namespaces. */
function pathOf(namespace: string | undefined, resource: string, ...rest: readonly string[]): string {
  const version = GROUPS[resource];
  const root = version === undefined ? '/api/v1' : `/apis/${version}`;
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return [`${root}${place}/${resource}`, ...rest].join('/');
}

export interface Scene {
  readonly api: ApiClient;
  /** Speaks as a user without any rights but those of `grant`. */
  readonly nobody: ApiClient;
  readonly namespace: string;
  /** `path('deployments', 'web', 'status')`, in the namespace of the scene. */
  path(resource: string, ...rest: readonly string[]): string;
  /** Creates one from its manifest and returns what is stored. */
  create(resource: string, manifest: object): Promise<unknown>;
  read(resource: string, name?: string): Promise<unknown>;
  /** The items of a list; `query` without the question mark. */
  list(resource: string, query?: string): Promise<readonly unknown[]>;
  /** The answer, whatever it is. `target`: `deployments/web`, with subresource and query. */
  request(method: string, target: string, options?: ApiRequest): Promise<ApiAnswer>;
  /** Must succeed; returns the new object. */
  mergePatch(target: string, body: object): Promise<unknown>;
  jsonPatch(target: string, body: readonly object[]): Promise<unknown>;
  /** The object, once `holds` is true of it. */
  until(resource: string, name: string, holds: (object: unknown) => boolean): Promise<unknown>;
  /** The items, once `holds` is true of them. */
  untilList(
    resource: string,
    holds: (items: readonly unknown[]) => boolean,
    query?: string,
  ): Promise<readonly unknown[]>;
  /** A watch that is open when this resolves, and ends with the scene. */
  watch(target: string, query?: string): Promise<RecordedWatch>;
  /** A watch that asks for changes the server has forgotten. */
  outdatedWatch(): Promise<RecordedWatch>;
  /** Lets `nobody` do these things in this namespace; returns once the server knows. */
  grant(verbs: readonly string[], resources: readonly string[], names?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** How long a fact may take: some are a matter of real seconds, and all share two cores. */
const PATIENCE = { timeoutMs: 40_000, intervalMs: 25 };

export async function openScene({ api, nobody, outdatedWatch }: ContractServer): Promise<Scene> {
  const ending = new AbortController();
  const made = await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { generateName: 'contract-' } } });
  const namespace = textAt(made, 'metadata', 'name');
  const path = (resource: string, ...rest: readonly string[]) => pathOf(namespace, resource, ...rest);
  /** `deployments/web?x=y` to a path and its query. */
  const target = (words: string) => {
    const [place = '', ...query] = words.split('?');
    const [resource = '', ...rest] = place.split('/');
    return [path(resource, ...rest), ...query].join('?');
  };
  const read = (resource: string, name?: string) =>
    api.ask('GET', name === undefined ? path(resource) : path(resource, name));
  const list = async (resource: string, query = '') =>
    listAt(await api.ask('GET', `${path(resource)}?${query}`), 'items');

  return {
    api,
    nobody,
    namespace,
    path,
    create: (resource, manifest) => api.ask('POST', path(resource), { body: manifest }),
    read,
    list,
    request: (method, words, options) => api.request(method, target(words), options),
    mergePatch: (words, body) => api.ask('PATCH', target(words), { body, contentType: MERGE_PATCH }),
    jsonPatch: (words, body) => api.ask('PATCH', target(words), { body, contentType: JSON_PATCH }),
    until: (resource, name, holds) =>
      eventually(async () => {
        const object = await read(resource, name);
        return holds(object) && object;
      }, PATIENCE),
    untilList: (resource, holds, query) =>
      eventually(async () => {
        const found = await list(resource, query);
        return holds(found) && found;
      }, PATIENCE),
    watch: (words, query = '') => recordWatch(api, `${target(words)}?watch=1&${query}`, ending.signal),
    outdatedWatch: async () => recordWatch(api, await outdatedWatch(), ending.signal),
    grant: (verbs, resources, names = []) => grantNobody({ api, nobody, namespace }, verbs, resources, names),
    close: async () => {
      ending.abort();
      await api.request('DELETE', `/api/v1/namespaces/${namespace}`);
    },
  };
}

interface Place {
  readonly api: ApiClient;
  readonly nobody: ApiClient;
  readonly namespace: string;
}

async function grantNobody(
  { api, nobody, namespace }: Place,
  verbs: readonly string[],
  resources: readonly string[],
  names: readonly string[],
): Promise<void> {
  const resourceNames = names.length === 0 ? {} : { resourceNames: names };
  const rules = [{ apiGroups: ['', 'apps'], resources, verbs, ...resourceNames }];
  const role = await api.ask('POST', pathOf(namespace, 'roles'), { body: { metadata: { generateName: 'r-' }, rules } });
  const name = textAt(role, 'metadata', 'name');
  const group = 'rbac.authorization.k8s.io';
  const body = {
    metadata: { name },
    roleRef: { apiGroup: group, kind: 'Role', name },
    subjects: [{ apiGroup: group, kind: 'User', name: 'nobody' }],
  };
  await api.ask('POST', pathOf(namespace, 'rolebindings'), { body });
  const [resource = '', subresource] = resources[0]?.split('/') ?? [];
  const question = {
    namespace,
    verb: verbs[0],
    resource,
    subresource,
    name: names[0],
    group: GROUPS[resource]?.split('/')[0] ?? '',
  };
  // The authoriser of a real server learns of a role by a watch of its own.
  await eventually(async () => {
    const { allowed } = await ask(nobody, question);
    return allowed;
  });
}

/** Asks the server whether the user of this client may do something. */
export async function ask(client: ApiClient, resourceAttributes: object): Promise<{ readonly allowed: boolean }> {
  const review = await client.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    body: { spec: { resourceAttributes } },
  });
  const { status } = Object(review);
  return { allowed: status?.allowed === true };
}
