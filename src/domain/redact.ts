/** Secrets in text that pods, events, logs and the API server bring along: hidden before it is told, saved or logged. */

const HIDDEN = '[redacted]';

interface Pattern {
  readonly find: RegExp;
  readonly put: string;
}

const SECRET_WORD =
  '(?:password|passwd|passphrase|pwd|secret|token|(?:api|access|account)[_-]?key|(?:private|signing|encryption|master)[_-]?key|credentials?|authorization)';
const PASS = '(?<![a-z])pass(?![\\w.-])';
// Bounded, like all that follows: a text of one word repeated must not take minutes.
const SECRET_NAME = `(?:${SECRET_WORD}[\\w.-]{0,100}|${PASS})`;
/** JSON inside a JSON log has its quotes escaped. */
const QUOTE = `(?:\\\\?["'])`;
/** What is hidden already stays as it is. */
const VALUE = `(?!\\[redacted\\])(\\\\"[^"\\\\]*\\\\"|"[^"]*"|'[^']*'|[^\\s,;&}\\])"'\\\\]+)`;
/** Words that say what is wrong with a secret, or begin to: `token: expired`, `may require authorization: server message`. */
const PROSE = (
  'an? are authentication awaiting can cannot command connection context could denied dial does empty ' +
  'eof error expired failed field forbidden get has header illegal in invalid invalid_grant is jwt key ' +
  'malformed may missing must neither no none not only open permission please post references required ' +
  'revoked rpc server should signature status string the this timeout too unable unauthenticated ' +
  'unauthorized unexpected unknown unset was were wrong yes your'
).replaceAll(' ', '|');
/** Of errors that wrap one another: `load credentials: x509: certificate expired`. */
const CHAIN = '(?:[a-z]+|x509|oauth2):\\s';
const EMPTY = '(?:null|nil|none|undefined|true|false|<\\w{1,20}>)';
const WORD_END = '(?=["\'\\\\]|[.,:;!?)\\]}]*(?:\\s|$))';
/** Nothing is hidden where a value is missing. */
const NO_EMPTY = `(?!${EMPTY}${WORD_END})`;
/** Nor the answer to a request for a token, nor the tag of `token-service:1.26.0`. */
const NO_SECRET = `${NO_EMPTY}(?!v?\\d+\\.\\d[\\w.+-]{0,100}(?![^\\s"'\\\\,;)]))(?![45]\\d\\d(?: [A-Z]|$))(?!(?:configmaps?|secrets?|serviceaccounts?) ")(?!${CHAIN}|(?:${PROSE})${WORD_END})`;
/** A service may well be called token-service, and its pods, containers and images after it; 253 is the longest name. */
const NOT_OF_A_SERVICE = `(?=${SECRET_NAME})(?<!(?:\\b(?:pod|container|image:?) "?|unexpected |event |→ |\\/)[\\w.-]{0,253})`;
/** Nor is an ARN a secret, or the name of an error. */
const NOT_OF_AN_ERROR = '(?<!(?:\\barn:[\\w:-]{0,200}|error|exception):)';

/** These stand on lines of their own, so a log is searched as a whole for them. */
const KEYS: readonly Pattern[] = [
  { find: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, put: HIDDEN },
  // the rest of a key whose beginning was not kept
  { find: /^(?:[ \t]*[A-Za-z0-9+/=]{16,}[ \t]*\n)+[ \t]*-----END [A-Z ]*PRIVATE KEY-----/g, put: HIDDEN },
];

const PATTERNS: readonly Pattern[] = [
  // user:password@ in a URL or a connection string; a password may hold an @ itself
  {
    find: /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,128}:)[^\s@]{1,512}(?:@[^\s@/]{1,128}){0,4}(?=@)/gi,
    put: `$1${HIDDEN}`,
  },
  // the same without a scheme, as Go's MySQL driver wants it
  { find: /(\b[\w.-]{1,64}:)[^\s@/"']{1,128}(?=@(?:tcp|unix)\()/g, put: `$1${HIDDEN}` },
  { find: /(https?:\/\/hooks\.[^\s/]+\/)[^\s"'<>]+/gi, put: `$1${HIDDEN}` },
  {
    find: /\b((?:(?:bearer|basic)(?!\s+(?:auth\w*|credentials?|tokens?)\b)|authorization["']?\s*[:=]\s*["']?\w+)\s+)[\w.~+/=-]{8,}/gi,
    put: `$1${HIDDEN}`,
  },
  { find: /(\bcookie:\s*)\S[^"'\n]*/gi, put: `$1${HIDDEN}` },
  { find: /\beyJ[\w-]{8,2000}\.[\w-]+(?:\.[\w-]*)?/g, put: HIDDEN },
  // keys with a well-known beginning: AWS, GitHub, GitLab, Slack, Stripe, Google, npm, Docker, Hugging Face, SendGrid
  {
    find: /\b(?:(?:AKIA|ASIA)[A-Z0-9]{12,}|gh[opsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}|[sr]k_(?:live|test)_\w{8,}|AIza[\w-]{30,}|(?:npm|dckr_pat|hf)_[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,})/g,
    put: HIDDEN,
  },
  // name=value, name: value and "name": "value", where the name speaks of a secret
  { find: new RegExp(`(${SECRET_NAME}${QUOTE}?\\s*=(?:>|(?!>))\\s*)${NO_EMPTY}${VALUE}`, 'gi'), put: `$1${HIDDEN}` },
  {
    find: new RegExp(
      `(${NOT_OF_A_SERVICE}${SECRET_NAME}${QUOTE}?\\s*:${NOT_OF_AN_ERROR}\\s*)${NO_SECRET}${VALUE}`,
      'gi',
    ),
    put: `$1${HIDDEN}`,
  },
  {
    find: new RegExp(`(webhook[\\w.-]{0,100}${QUOTE}?\\s*[=:]\\s*)(?=${QUOTE}?https?:)${VALUE}`, 'gi'),
    put: `$1${HIDDEN}`,
  },
  // {"name":"DB_PASSWORD","value":"…"} and EnvVar{Name:"DB_PASSWORD", Value:"…"}
  {
    find: new RegExp(
      `(\\bname${QUOTE}?\\s*[:=]\\s*${QUOTE}?(?=[\\w.-]{0,253}?(?:${SECRET_WORD}|${PASS}))[\\w.-]+${QUOTE}?[,;\\s]+${QUOTE}?value${QUOTE}?\\s*[:=]\\s*)${VALUE}`,
      'gi',
    ),
    put: `$1${HIDDEN}`,
  },
  // what clients take behind a short option, as in the command of a probe
  {
    find: /(\b(?:redis-cli\b.{0,100}?\s-a\s+|mysql\w{0,10}\b.{0,100}?\s-p|curl\b.{0,100}?\s(?:-u|--user)[\s=]{0,3}[^\s:]{1,64}:))(?!\$|\[redacted\])[^\s"',]+/g,
    put: `$1${HIDDEN}`,
  },
  // --password value, also as ["--password", "value"]; a word of letters only is what is said of the flag
  {
    find: new RegExp(
      `((?<![\\w-])--(?=[\\w-]{0,60}?(?:${SECRET_WORD}|${PASS}))[\\w-]+[\\\\"',\\s]+)(?!\\[redacted\\])(?=[^\\s"',\\]]*[^\\s"',\\]a-z.:;])[^\\s"',\\]]{6,}`,
      'gi',
    ),
    put: `$1${HIDDEN}`,
  },
];

/**
 * The text with what looks like a secret hidden, and with every occurrence of the given secrets hidden. Before it is cut
 * to a length, for half a secret cannot be told from other words.
 *
 * @param secrets values that must not appear; shorter ones than eight characters are left alone
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const withoutKnown = secrets
    .filter((secret) => secret.length >= 8)
    .reduce((present, secret) => present.replaceAll(secret, HIDDEN), text);
  return [...KEYS, ...PATTERNS].reduce(hide, withoutKnown);
}

/** The lines of a log, as `redact` does a text: a key goes over several of them, anything else over one. */
export function redactLines(lines: readonly string[], secrets: readonly string[] = []): readonly string[] {
  if (lines.length === 0) return lines;
  const withoutKeys = KEYS.reduce(hide, lines.join('\n'));
  return withoutKeys.split('\n').map((line) => redact(line, secrets));
}

function hide(text: string, { find, put }: Pattern): string {
  return text.replace(find, put);
}
