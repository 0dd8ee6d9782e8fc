/** What kubectl asks before anything else: versions, groups, resources and a little OpenAPI. */
import type { Fields } from '../objects.ts';
import { apiVersionOf, RESOURCES, type ResourceInfo } from '../resources.ts';

/** The Kubernetes version whose answers the sandbox gives. */
const SERVER_VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.1+sandbox',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'memory',
};

const GROUP_VERSIONS = [...new Set(RESOURCES.map(apiVersionOf))];
const GROUPS = GROUP_VERSIONS.filter((groupVersion) => groupVersion !== 'v1');

function verbsOf(info: ResourceInfo): readonly string[] {
  if (info.storage === undefined) return ['create'];
  return ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
}

function subresourceVerbs(subresource: string): readonly string[] {
  return subresource === 'log' ? ['get'] : ['get', 'patch', 'update'];
}

function groupEntry(groupVersion: string): Fields {
  const [name = '', version = ''] = groupVersion.split('/');
  const preferred = { groupVersion, version };
  return { name, versions: [preferred], preferredVersion: preferred };
}

function resourceList(groupVersion: string): Fields {
  const resources = RESOURCES.filter((info) => apiVersionOf(info) === groupVersion).flatMap((info) => [
    {
      name: info.plural,
      singularName: info.singular,
      namespaced: info.namespaced,
      kind: info.kind,
      verbs: verbsOf(info),
      ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
      ...(info.categories.length > 0 ? { categories: info.categories } : {}),
    },
    ...info.subresources.map((subresource) => ({
      name: `${info.plural}/${subresource}`,
      singularName: '',
      namespaced: info.namespaced,
      ...(subresource === 'scale' ? { group: 'autoscaling', version: 'v1', kind: 'Scale' } : { kind: info.kind }),
      verbs: subresourceVerbs(subresource),
    })),
  ]);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function aggregatedResource(info: ResourceInfo): Fields {
  const kindOf = (kind: string): Fields => ({ group: info.group, version: info.version, kind });
  return {
    resource: info.plural,
    responseKind: kindOf(info.kind),
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs: verbsOf(info),
    shortNames: info.shortNames,
    categories: info.categories,
    subresources: info.subresources.map((subresource) => ({
      subresource,
      responseKind:
        subresource === 'scale' ? { group: 'autoscaling', version: 'v1', kind: 'Scale' } : kindOf(info.kind),
      verbs: subresourceVerbs(subresource),
    })),
  };
}

function aggregated(wanted: readonly string[]): Fields {
  const entries = wanted.map((groupVersion) => {
    const inGroup = RESOURCES.filter((info) => apiVersionOf(info) === groupVersion);
    const name = inGroup[0]?.group ?? '';
    const version = {
      version: inGroup[0]?.version ?? '',
      resources: inGroup.map(aggregatedResource),
      freshness: 'Current',
    };
    return { metadata: { ...(name ? { name } : {}), creationTimestamp: null }, versions: [version] };
  });
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items: entries };
}

export interface Document {
  readonly contentType: string;
  readonly body: string;
}

const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function json(body: unknown): Document {
  return { contentType: 'application/json', body: JSON.stringify(body) };
}

function aggregatedJson(wanted: readonly string[]): Document {
  return { contentType: AGGREGATED_TYPE, body: JSON.stringify(aggregated(wanted)) };
}

/** The document at a path outside the resources, or undefined when there is none. */
export function discoveryDocument(path: string, accept: string): Document | undefined {
  const wantsAggregated = /as=APIGroupDiscoveryList/.test(accept) && /v=v2(;|,|$)/.test(accept);
  const known = path.replace(/\/$/, '');
  switch (known) {
    case '/version':
      return json(SERVER_VERSION);
    case '/api':
      if (wantsAggregated) return aggregatedJson(['v1']);
      return json({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] });
    case '/apis':
      if (wantsAggregated) return aggregatedJson(GROUPS);
      return json({ kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupEntry) });
    case '':
      return json({ paths: ['/api', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] });
    case '/healthz':
    case '/livez':
    case '/readyz':
      return { contentType: 'text/plain; charset=utf-8', body: 'ok' };
    case '/openapi/v3':
      return json({ paths: Object.fromEntries(GROUP_VERSIONS.map(openApiEntry)) });
    default:
      return groupDocument(known);
  }
}

function groupPath(groupVersion: string): string {
  return groupVersion === 'v1' ? 'api/v1' : `apis/${groupVersion}`;
}

function groupDocument(path: string): Document | undefined {
  const groupVersion = GROUP_VERSIONS.find((each) => `/${groupPath(each)}` === path);
  if (groupVersion) return json(resourceList(groupVersion));
  const group = GROUPS.find((each) => path === `/apis/${each.split('/')[0]}`);
  if (group) return json({ kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) });
  const described = GROUP_VERSIONS.find((each) => `/openapi/v3/${groupPath(each)}` === path);
  return described ? json(openApi(described)) : undefined;
}

function openApiEntry(groupVersion: string): readonly [string, Fields] {
  const path = groupPath(groupVersion);
  return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=sandbox` }];
}

/** Enough for kubectl to see that the server checks fields itself and knows dry runs. */
function openApi(groupVersion: string): Fields {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
  }));
  const paths = RESOURCES.filter((info) => apiVersionOf(info) === groupVersion).map((info) => {
    const { group, version, kind } = info;
    const place = info.namespaced ? 'namespaces/{namespace}/' : '';
    const operation = { parameters, 'x-kubernetes-group-version-kind': { group, version, kind } };
    return [`/${groupPath(groupVersion)}/${place}${info.plural}/{name}`, { patch: operation, put: operation }] as const;
  });
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: SERVER_VERSION.gitVersion },
    paths: Object.fromEntries(paths),
    components: { schemas: {} },
  };
}
