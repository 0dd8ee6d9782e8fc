/** `kubectl auth can-i`: the access reviews, answered by the same rules that refuse requests. */
import { at, type Fields, fields, text } from '../objects.ts';
import { resourceInfo } from '../resources.ts';
import type { Access, User } from './identity.ts';

function accessReview(access: Access, user: User, spec: Fields): Fields {
  const wanted = fields(spec.resourceAttributes);
  if (spec.resourceAttributes === undefined) {
    // Paths outside the API (health, version, discovery) are open to everybody the server knows.
    const verb = text(at(spec, 'nonResourceAttributes', 'verb'));
    const allowed = verb === 'get' || user.groups.includes('system:masters');
    return { allowed, reason: '' };
  }
  const allowed = access.allows(user, {
    verb: text(wanted.verb) ?? '',
    group: text(wanted.group) ?? '',
    resource: text(wanted.resource) ?? '',
    subresource: text(wanted.subresource) || undefined,
    namespace: text(wanted.namespace) || undefined,
    name: text(wanted.name) || undefined,
  });
  return { allowed };
}

function rulesReview(access: Access, user: User, spec: Fields): Fields {
  const rules = access.rulesFor(user, text(spec.namespace));
  const open = [
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/healthz',
    '/livez',
    '/openapi',
    '/openapi/*',
    '/readyz',
    '/version',
  ];
  return { incomplete: false, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: open }], resourceRules: rules };
}

/** The review with its status filled in; `key` names which of the two it is. */
export function answerReview(access: Access, user: User, key: string, review: Fields): Fields {
  const spec = fields(review.spec);
  const status = key.startsWith('selfsubjectaccess')
    ? accessReview(access, user, spec)
    : rulesReview(access, user, spec);
  const { kind } = resourceInfo(key);
  return { kind, apiVersion: 'authorization.k8s.io/v1', metadata: { creationTimestamp: null }, spec, status };
}
