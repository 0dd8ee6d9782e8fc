export interface KubeconfigOptions {
  /** URL of the API server, or of a proxy in front of it. */
  readonly server: string;
  /** Bearer token. kubectl sends none over plain http: there, let the proxy put it in. */
  readonly token?: string;
  /** Default namespace of the context. */
  readonly namespace?: string;
}

/** Text of a kubeconfig with one context, `test`. It is JSON, which is YAML too. Certificates are not checked. */
export function kubeconfigText({ server, token, namespace }: KubeconfigOptions): string {
  const context = { cluster: 'test', user: 'test', ...(namespace === undefined ? {} : { namespace }) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    // Asked of http servers too: some clients refuse to speak plain http without it.
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: token === undefined ? {} : { token } }],
    contexts: [{ name: 'test', context }],
    'current-context': 'test',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
