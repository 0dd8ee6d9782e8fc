/** Secrets in text that pods, events and logs bring along: hidden before it is told, saved or logged. */

const HIDDEN = '[redacted]';

interface Pattern {
  readonly find: RegExp;
  readonly put: string;
}

const SECRET_NAME =
  '(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|authorization|webhook)[\\w.-]*';
const VALUE = `("[^"]*"|'[^']*'|[^\\s,;&}\\])"']+)`;
/** A service may well be called token-service, and its pods, containers and images after it; 253 is the longest name. */
const NOT_OF_A_SERVICE = '(?<!(?:\\b(?:pod|container|image:?) |→ |\\/)[\\w.-]{0,253})';

const PATTERNS: readonly Pattern[] = [
  { find: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, put: HIDDEN },
  // user:password@ in a URL or a connection string
  { find: /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s@]+(?=@)/gi, put: `$1${HIDDEN}` },
  { find: /(https?:\/\/hooks\.[^\s/]+\/)[^\s"'<>]+/gi, put: `$1${HIDDEN}` },
  { find: /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, put: `$1 ${HIDDEN}` },
  { find: /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, put: HIDDEN },
  // keys with a well-known beginning: AWS, GitHub, GitLab, Slack, Stripe, Google
  {
    find: /\b(?:(?:AKIA|ASIA)[A-Z0-9]{12,}|gh[opsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}|[sr]k_(?:live|test)_\w{8,}|AIza[\w-]{30,})/g,
    put: HIDDEN,
  },
  // name=value, name: value and "name": "value", where the name speaks of a secret
  { find: new RegExp(`(${SECRET_NAME}["']?\\s*=>?\\s*)${VALUE}`, 'gi'), put: `$1${HIDDEN}` },
  { find: new RegExp(`(${NOT_OF_A_SERVICE}${SECRET_NAME}["']?\\s*:\\s*)${VALUE}`, 'gi'), put: `$1${HIDDEN}` },
];

/**
 * The text with what looks like a secret hidden, and with every occurrence of the given secrets hidden.
 *
 * @param secrets values that must not appear; shorter ones than eight characters are left alone
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const withoutKnown = secrets
    .filter((secret) => secret.length >= 8)
    .reduce((present, secret) => present.replaceAll(secret, HIDDEN), text);
  return PATTERNS.reduce((present, { find, put }) => present.replace(find, put), withoutKnown);
}
