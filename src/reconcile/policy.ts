/** The operator's choices that decisions depend on. */
export interface Policy {
  /** `ECR_REPO`. */
  readonly repo: string | undefined;
  /** `NAMESPACES`: patterns with `*`; `kube-*` namespaces must be named by a pattern that begins with `kube-`. */
  readonly namespaces: readonly string[];
  readonly createNamespaces: boolean;
  readonly onFailure: 'leave' | 'rollback';
  readonly drift: 'report' | 'correct' | 'ignore';
  /** See `JudgePolicy`. */
  readonly graceMs: number;
  readonly maxRestarts: number | undefined;
  readonly timeoutMs: number | undefined;
  /** How long after a success a crash is still told, ms. */
  readonly watchAfterMs: number;
}

/** Whether the policy allows deploying into this namespace. */
export function allowsNamespace(policy: Policy, namespace: string): boolean {
  const isProtected = namespace.startsWith('kube-');
  return policy.namespaces.some((pattern) => {
    if (isProtected && !pattern.startsWith('kube-')) return false;
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(namespace);
  });
}
