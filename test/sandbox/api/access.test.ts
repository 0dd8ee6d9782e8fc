import { describe, expect, test } from 'vitest';
import { createApiClient } from '../../support/api-client.ts';
import { at, textAt } from '../../support/json.ts';
import { DEPLOYMENTS, type SandboxStage, startSandboxStage } from '../../support/sandbox-stage.ts';

const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

function startGuarded(): Promise<SandboxStage> {
  return startSandboxStage({ token: 'root', users: [{ token: 'bob-token', name: 'bob' }] });
}

async function grant(stage: SandboxStage, rule: Readonly<Record<string, unknown>>): Promise<void> {
  await stage.api.ask('POST', ROLES, { body: { metadata: { name: 'r' }, rules: [rule] } });
  const subjects = [{ kind: 'User', name: 'bob', apiGroup: 'rbac.authorization.k8s.io' }];
  const roleRef = { kind: 'Role', name: 'r', apiGroup: 'rbac.authorization.k8s.io' };
  await stage.api.ask('POST', BINDINGS, { body: { metadata: { name: 'b' }, subjects, roleRef } });
}

describe('access', () => {
  test('is open to everybody when no token is set', async () => {
    await using stage = await startSandboxStage();

    expect((await stage.api.request('GET', DEPLOYMENTS)).status).toBe(200);
  });

  test('needs a token that is known', async () => {
    await using stage = await startGuarded();
    const stranger = createApiClient({ url: stage.sandbox.url, token: 'wrong' });

    const answer = await stranger.request('GET', DEPLOYMENTS);

    expect([answer.status, textAt(answer.body, 'reason')]).toEqual([401, 'Unauthorized']);
    expect((await stranger.request('GET', '/readyz')).status).toBe(200);
    stranger.close();
  });

  test('is refused in the words of RBAC, and granted by a Role from the next request on', async () => {
    await using stage = await startGuarded();
    const bob = createApiClient({ url: stage.sandbox.url, token: 'bob-token' });

    const before = await bob.request('GET', `${DEPLOYMENTS}/web`);
    await grant(stage, { verbs: ['get', 'list'], apiGroups: ['apps'], resources: ['deployments'] });
    const after = await bob.request('GET', `${DEPLOYMENTS}/web`);
    const write = await bob.request('DELETE', `${DEPLOYMENTS}/web`);
    const elsewhere = await bob.request('GET', '/apis/apps/v1/deployments');

    expect(before.status).toBe(403);
    expect(before.body).toMatchObject({
      reason: 'Forbidden',
      message:
        'deployments.apps "web" is forbidden: User "bob" cannot get resource "deployments" in API group "apps" in the namespace "default"',
      details: { name: 'web', group: 'apps', kind: 'deployments' },
    });
    expect([after.status, write.status, elsewhere.status]).toEqual([404, 403, 403]);
    bob.close();
  });

  test('is told beforehand by a review, consistently with what is refused', async () => {
    await using stage = await startGuarded();
    await grant(stage, { verbs: ['get'], apiGroups: [''], resources: ['pods/log'], resourceNames: ['p'] });
    const bob = createApiClient({ url: stage.sandbox.url, token: 'bob-token' });
    const mayReadLog = async (name: string) => {
      const resourceAttributes = { verb: 'get', resource: 'pods', subresource: 'log', namespace: 'default', name };
      return at(await bob.ask('POST', REVIEWS, { body: { spec: { resourceAttributes } } }), 'status', 'allowed');
    };
    const statusOf = async (name: string) =>
      (await bob.request('GET', `/api/v1/namespaces/default/pods/${name}/log`)).status;

    expect([await mayReadLog('p'), await mayReadLog('q')]).toEqual([true, false]);
    expect([await statusOf('p'), await statusOf('q')]).toEqual([404, 403]);
    bob.close();
  });
});
