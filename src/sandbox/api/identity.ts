/** Who asks, and what they may do: bearer tokens, and the Role objects in the store. */
import { ApiStatus } from '../api-status.ts';
import { at, type Fields, fields, items, type KubeObject, text } from '../objects.ts';
import type { Store } from '../store.ts';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface UserToken {
  readonly token: string;
  readonly name: string;
  /** `system:masters` may do everything; `system:authenticated` is always added. */
  readonly groups?: readonly string[];
}

/** What a request wants, in the words of RBAC. */
export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

export interface Access {
  /** The user of an Authorization header; throws ApiStatus 401. Without configured tokens everybody is admin. */
  authenticate(authorization: string | undefined): User;
  allows(user: User, attributes: AccessAttributes): boolean;
  /** The rules that hold for the user in a namespace, as RBAC PolicyRules. */
  rulesFor(user: User, namespace: string | undefined): readonly Fields[];
}

const ADMINISTRATOR: User = { name: 'system:admin', groups: ['system:masters', 'system:authenticated'] };
const EVERYTHING: Fields = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
/** What upstream's role `system:basic-user` gives to everybody who is known. */
const BASIC_USER: Fields = {
  verbs: ['create'],
  apiGroups: ['authorization.k8s.io'],
  resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
};

export function createAccess(store: Store, tokens: readonly UserToken[]): Access {
  const users = new Map(tokens.map((entry) => [entry.token, userOf(entry)]));

  function authenticate(authorization: string | undefined): User {
    if (users.size === 0) return ADMINISTRATOR;
    const token = /^Bearer\s+(.+)$/i.exec(authorization ?? '')?.[1];
    const user = token === undefined ? undefined : users.get(token);
    if (!user) throw new ApiStatus(401, 'Unauthorized', 'Unauthorized');
    return user;
  }

  function rulesFor(user: User, namespace: string | undefined): readonly Fields[] {
    if (user.groups.includes('system:masters')) return [EVERYTHING];
    const cluster = store.list('clusterrolebindings.rbac.authorization.k8s.io', {});
    const local = namespace === undefined ? [] : store.list('rolebindings.rbac.authorization.k8s.io', { namespace });
    const bound = [...cluster, ...local].filter((binding) => binds(binding, user));
    return [BASIC_USER, ...bound.flatMap((binding) => roleRules(store, binding))];
  }

  return {
    authenticate,
    rulesFor,
    allows: (user, attributes) => rulesFor(user, attributes.namespace).some((rule) => grants(rule, attributes)),
  };
}

function userOf({ name, groups = [] }: UserToken): User {
  return { name, groups: [...groups, 'system:authenticated'] };
}

function binds(binding: KubeObject, user: User): boolean {
  return items(binding.subjects).some((subject) => {
    const name = text(at(subject, 'name')) ?? '';
    switch (at(subject, 'kind')) {
      case 'User':
        return name === user.name;
      case 'Group':
        return user.groups.includes(name);
      case 'ServiceAccount':
        return user.name === `system:serviceaccount:${text(at(subject, 'namespace')) ?? ''}:${name}`;
      default:
        return false;
    }
  });
}

function roleRules(store: Store, binding: KubeObject): readonly Fields[] {
  const reference = fields(binding.roleRef);
  const name = text(reference.name) ?? '';
  const role =
    reference.kind === 'ClusterRole'
      ? store.get('clusterroles.rbac.authorization.k8s.io', undefined, name)
      : store.get('roles.rbac.authorization.k8s.io', binding.metadata.namespace, name);
  return items(role?.rules).map(fields);
}

function grants(rule: Fields, wanted: AccessAttributes): boolean {
  const has = (list: unknown, value: string): boolean => items(list).some((item) => item === '*' || item === value);
  const resource = wanted.subresource ? `${wanted.resource}/${wanted.subresource}` : wanted.resource;
  const named = items(rule.resourceNames);
  return (
    has(rule.verbs, wanted.verb) &&
    has(rule.apiGroups, wanted.group) &&
    (has(rule.resources, resource) || has(rule.resources, `*/${wanted.subresource ?? ''}`)) &&
    (named.length === 0 || (wanted.name !== undefined && named.includes(wanted.name)))
  );
}

/** The 403 upstream sends, with the sentence that names user, verb and place. */
export function accessDenied(user: User, wanted: AccessAttributes): ApiStatus {
  const grouped = wanted.group === '' ? wanted.resource : `${wanted.resource}.${wanted.group}`;
  const subject = wanted.name ? `${grouped} "${wanted.name}"` : grouped;
  const resource = wanted.subresource ? `${wanted.resource}/${wanted.subresource}` : wanted.resource;
  const where = wanted.namespace ? `in the namespace "${wanted.namespace}"` : 'at the cluster scope';
  const message = `${subject} is forbidden: User "${user.name}" cannot ${wanted.verb} resource "${resource}" in API group "${wanted.group}" ${where}`;
  const details = {
    ...(wanted.name ? { name: wanted.name } : {}),
    ...(wanted.group ? { group: wanted.group } : {}),
    kind: wanted.resource,
  };
  return new ApiStatus(403, 'Forbidden', message, details);
}
