/** Accounts with exactly the rights a test gives them, made the way production makes them: ServiceAccount and RBAC. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { ApiClient } from './api-client.ts';
import { textAt } from './json.ts';
import { kubeconfigText } from './kubeconfig.ts';

/** A rule of a Role, or, without `namespace`, of a ClusterRole. */
export interface Grant {
  readonly namespace?: string;
  /** `['']` is the core group. */
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface User {
  /** `system:serviceaccount:<namespace>:<account>` */
  readonly name: string;
  readonly token: string;
  /** Path of a kubeconfig file whose context stands in the account's namespace. */
  readonly kubeconfig: string;
  /** Adds a right; the server may take a moment to know it. */
  grant(grant: Grant): Promise<void>;
}

interface Server {
  readonly api: ApiClient;
  readonly url: string;
  readonly folder: string;
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const RBAC_GROUP = 'rbac.authorization.k8s.io';

export async function createUser(server: Server, namespace: string, grants: readonly Grant[]): Promise<User> {
  const { api, url, folder } = server;
  const account = `user-${randomUUID().slice(0, 8)}`;
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await api.ask('POST', accounts, { body: { metadata: { name: account } } });
  const body = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { expirationSeconds: 86_400 } };
  const token = textAt(await api.ask('POST', `${accounts}/${account}/token`, { body }), 'status', 'token');

  const kubeconfig = `${folder}/${account}.kubeconfig`;
  writeFileSync(kubeconfig, kubeconfigText({ server: url, token, namespace }));
  const grant = (right: Grant) => bind(api, { namespace, account }, right);
  for (const right of grants) await grant(right);
  return { name: `system:serviceaccount:${namespace}:${account}`, token, kubeconfig, grant };
}

async function bind(api: ApiClient, of: { namespace: string; account: string }, grant: Grant): Promise<void> {
  const { namespace, ...rule } = grant;
  const scope = namespace === undefined ? RBAC : `${RBAC}/namespaces/${namespace}`;
  const [roles, bindings, kind] =
    namespace === undefined
      ? ['clusterroles', 'clusterrolebindings', 'ClusterRole']
      : ['roles', 'rolebindings', 'Role'];
  const metadata = { name: `${of.account}-${randomUUID().slice(0, 8)}` };
  await api.ask('POST', `${scope}/${roles}`, { body: { metadata, rules: [rule] } });
  await api.ask('POST', `${scope}/${bindings}`, {
    body: {
      metadata,
      roleRef: { apiGroup: RBAC_GROUP, kind, name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: of.account, namespace: of.namespace }],
    },
  });
}
