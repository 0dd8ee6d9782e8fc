/** The settings: one table of variables, read once at the door, with every problem listed at once. */
import { isRepositoryPrefix } from './domain/image.ts';

export interface Config {
  readonly deps: string;
  readonly ecrRepo: string | undefined;
  /** A secret: never logged. */
  readonly slackWebhook: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly kubeContext: string | undefined;
  readonly concurrency: number;
  /** Undefined when not set: then a Deployment's own deadline counts. */
  readonly rolloutTimeoutMs: number | undefined;
  readonly failureGraceMs: number;
  /** Undefined when not set: then only the grace counts. */
  readonly maxRestarts: number | undefined;
  readonly watchAfterMs: number;
  readonly settleMs: number;
  readonly rescanMs: number;
  readonly createNamespaces: boolean;
  readonly namespaces: readonly string[];
  readonly onFailure: 'leave' | 'rollback';
  readonly drift: 'report' | 'correct' | 'ignore';
  readonly logLevel: string;
  /** Undefined: pretty on a terminal, JSON elsewhere. */
  readonly logFormat: 'pretty' | 'json' | undefined;
}

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

export type ConfigParse =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /** As one would write it; empty for none. */
  readonly fallback: string;
  readonly secret?: boolean;
}

/** Every variable there is, in the order people meet them: the README, `.env.example` and `--help` are made from it. */
export const VARIABLES: readonly Variable[] = [
  { name: 'DEPS', meaning: 'watched directory', fallback: './deps' },
  { name: 'ECR_REPO', meaning: 'registry or repository put before the version', fallback: '' },
  { name: 'WEBHOOK_FOR_SLACK', meaning: 'incoming webhook; none: no messages', fallback: '', secret: true },
  { name: 'KUBECONFIG', meaning: 'kubeconfig file(s); else ~/.kube/config, else in-cluster', fallback: '' },
  { name: 'KUBE_CONTEXT', meaning: 'context of the kubeconfig; none: its current one', fallback: '' },
  { name: 'CONCURRENCY', meaning: 'passes at once', fallback: '100' },
  {
    name: 'ROLLOUT_TIMEOUT',
    meaning: 'limit of a rollout; not set: progressDeadlineSeconds of the Deployment where it was chosen, else 4m',
    fallback: '4m',
  },
  { name: 'FAILURE_GRACE', meaning: 'how long a crash loop or a passing pull error may last', fallback: '20s' },
  {
    name: 'MAX_RESTARTS',
    meaning: 'restarts of a new container after which a rollout fails at once; not set: the grace alone counts',
    fallback: '',
  },
  { name: 'WATCH_AFTER', meaning: 'how long after a success a crash is still told', fallback: '2m' },
  { name: 'SETTLE', meaning: 'quiet time before a file is read', fallback: '100ms' },
  { name: 'RESCAN', meaning: 'period of the full rescan of the directory', fallback: '2s' },
  { name: 'CREATE_NAMESPACES', meaning: 'create a missing namespace: true or false', fallback: 'true' },
  { name: 'NAMESPACES', meaning: 'allowed namespaces, patterns with *; kube-* only when named', fallback: '*' },
  { name: 'ON_FAILURE', meaning: 'after a failed rollout: leave or rollback', fallback: 'leave' },
  { name: 'DRIFT', meaning: 'on a change made outside: report, correct or ignore', fallback: 'report' },
  { name: 'LOG_LEVEL', meaning: 'trace, debug, info, warn, error, fatal or silent', fallback: 'info' },
  { name: 'LOG_FORMAT', meaning: 'pretty or json; not set: pretty on a terminal, json elsewhere', fallback: '' },
];

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Reads the settings. A variable can also come from the file named by `<NAME>_FILE`, or from
 * `$CREDENTIALS_DIRECTORY/<NAME>` (systemd's LoadCredential).
 *
 * @param readFile the text of a file, or undefined when there is none; throws when it cannot be read
 */
export function parseConfig(env: Env, readFile: (path: string) => string | undefined): ConfigParse {
  const problems: string[] = [];
  const read = createReader(env, readFile, problems);
  const config: Config = {
    deps: read.text('DEPS') ?? './deps',
    ecrRepo: read.checked('ECR_REPO', repositoryPrefix, 'a registry host or a repository, without tag and https://'),
    slackWebhook: read.checked('WEBHOOK_FOR_SLACK', webhookUrl, 'an http(s) URL'),
    kubeconfig: read.text('KUBECONFIG'),
    kubeContext: read.text('KUBE_CONTEXT'),
    concurrency: read.checked('CONCURRENCY', wholeNumber(1, 10_000), 'a whole number from 1 to 10000') ?? 100,
    rolloutTimeoutMs: read.duration('ROLLOUT_TIMEOUT', SECOND / 10, 24 * HOUR),
    failureGraceMs: read.duration('FAILURE_GRACE', 0, HOUR) ?? 20 * SECOND,
    maxRestarts: read.checked('MAX_RESTARTS', wholeNumber(0, 1_000), 'a whole number from 0 to 1000'),
    watchAfterMs: read.duration('WATCH_AFTER', 0, 24 * HOUR) ?? 2 * MINUTE,
    settleMs: read.duration('SETTLE', 0, MINUTE) ?? SECOND / 10,
    rescanMs: read.duration('RESCAN', SECOND / 20, HOUR) ?? 2 * SECOND,
    createNamespaces: read.checked('CREATE_NAMESPACES', truth, 'true or false') ?? true,
    namespaces: read.checked('NAMESPACES', namespacePatterns, 'namespaces or patterns with *, separated by commas') ?? [
      '*',
    ],
    onFailure: read.checked('ON_FAILURE', oneOf('leave', 'rollback'), 'leave or rollback') ?? 'leave',
    drift: read.checked('DRIFT', oneOf('report', 'correct', 'ignore'), 'report, correct or ignore') ?? 'report',
    logLevel:
      read.checked(
        'LOG_LEVEL',
        oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
        'trace, debug, info, warn, error, fatal or silent',
      ) ?? 'info',
    logFormat: read.checked('LOG_FORMAT', oneOf('pretty', 'json'), 'pretty or json'),
  };
  return problems.length === 0 ? { kind: 'config', config } : { kind: 'problems', problems };
}

function createReader(env: Env, readFile: (path: string) => string | undefined, problems: string[]) {
  function text(name: string): string | undefined {
    const direct = env[name]?.trim();
    if (direct !== undefined && direct !== '') return direct;
    const named = env[`${name}_FILE`]?.trim();
    const credentials = env.CREDENTIALS_DIRECTORY?.trim();
    try {
      if (named !== undefined && named !== '') {
        const content = readFile(named)?.trim();
        if (content === undefined) problems.push(`${name}_FILE: there is no file ${named}`);
        return content === '' ? undefined : content;
      }
      const content = credentials ? readFile(`${credentials}/${name}`)?.trim() : undefined;
      return content === '' ? undefined : content;
    } catch (error) {
      problems.push(`${name}_FILE: cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`);
      return undefined;
    }
  }

  function checked<T>(name: string, parse: (text: string) => T | undefined, expected: string): T | undefined {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = parse(given);
    if (value === undefined) problems.push(`${name}: expected ${expected}, got ${shown(name, given)}`);
    return value;
  }

  function duration(name: string, minMs: number, maxMs: number): number | undefined {
    const expected = `a duration such as 500ms, 20s or 4m, from ${minMs} ms to ${maxMs / MINUTE} min`;
    return checked(
      name,
      (given) => {
        const ms = parseDuration(given);
        return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
      },
      expected,
    );
  }

  return { text, checked, duration };
}

function shown(name: string, value: string): string {
  const isSecret = VARIABLES.some((variable) => variable.name === name && variable.secret === true);
  return isSecret ? 'something else (not shown, it is a secret)' : JSON.stringify(value);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR };

/** `500ms`, `4m`, `1m30s` as ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  }
  return Number.isFinite(total) ? total : undefined;
}

function repositoryPrefix(text: string): string | undefined {
  const bare = text.replace(/\/+$/, '');
  return isRepositoryPrefix(bare) ? bare : undefined;
}

function webhookUrl(text: string): string | undefined {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? text : undefined;
}

function wholeNumber(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };
}

function truth(text: string): boolean | undefined {
  if (/^(?:true|yes|on|1)$/i.test(text)) return true;
  return /^(?:false|no|off|0)$/i.test(text) ? false : undefined;
}

function oneOf<const T extends string>(...choices: readonly T[]): (text: string) => T | undefined {
  return (text) => choices.find((choice) => choice === text.toLowerCase());
}

function namespacePatterns(text: string): readonly string[] | undefined {
  const patterns = text.split(/[\s,]+/).filter((pattern) => pattern !== '');
  return patterns.length > 0 && patterns.every((pattern) => /^[a-z0-9*-]+$/.test(pattern)) ? patterns : undefined;
}
