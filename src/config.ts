/** The settings: one table of variables, read once at the door, with every problem listed at once. */
import {
  duration,
  HOUR,
  MINUTE,
  NAMESPACE_PATTERNS,
  ONE_LINE,
  oneOf,
  REPOSITORY,
  SECOND,
  TRUTH,
  type Values,
  WEBHOOK,
  wholeNumber,
} from './setting-values.ts';

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

/** Which cluster is meant. */
export type Access = Pick<Config, 'kubeconfig' | 'kubeContext'>;

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

export type ConfigParse =
  | { readonly kind: 'config'; readonly config: Config }
  | {
      readonly kind: 'problems';
      readonly problems: readonly string[];
      /** What can still be checked, so that every problem is listed at once; undefined when it is itself wrong. */
      readonly deps: string | undefined;
      readonly access: Access | undefined;
    };

export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /** The default as one would write it; empty for none. */
  readonly fallback: string;
  readonly secret?: boolean;
}

/** Every variable, in the order people meet them. `--help` is made from it; a test holds README and `.env.example` to it. */
export const VARIABLES: readonly Variable[] = [
  { name: 'DEPS', meaning: 'watched directory', fallback: './deps' },
  { name: 'ECR_REPO', meaning: 'registry or repository put before the version', fallback: '' },
  { name: 'WEBHOOK_FOR_SLACK', meaning: 'incoming webhook; none: no messages', fallback: '', secret: true },
  { name: 'KUBECONFIG', meaning: 'kubeconfig file(s); else ~/.kube/config, else in-cluster', fallback: '' },
  { name: 'KUBE_CONTEXT', meaning: 'context of the kubeconfig; none: its current one', fallback: '' },
  { name: 'CONCURRENCY', meaning: 'targets worked on at once; a rollout in progress does not count', fallback: '100' },
  {
    name: 'ROLLOUT_TIMEOUT',
    meaning:
      'time limit of a rollout; not set: progressDeadlineSeconds of the Deployment unless that is the default, else 4m, both counted from the last progress',
    fallback: '',
  },
  { name: 'FAILURE_GRACE', meaning: 'how long a crash loop or a temporary pull error may last', fallback: '20s' },
  {
    name: 'MAX_RESTARTS',
    meaning: 'restarts of a new container after which a rollout fails at once; not set: the grace alone counts',
    fallback: '',
  },
  { name: 'WATCH_AFTER', meaning: 'how long after a success a crash is still reported', fallback: '2m' },
  { name: 'SETTLE', meaning: 'quiet time before a file is read', fallback: '100ms' },
  { name: 'RESCAN', meaning: 'period of the full rescan of the directory', fallback: '2s' },
  { name: 'CREATE_NAMESPACES', meaning: 'create a missing namespace: true or false', fallback: 'true' },
  { name: 'NAMESPACES', meaning: 'allowed namespaces, patterns with *; kube-* only when named', fallback: '*' },
  { name: 'ON_FAILURE', meaning: 'after a failed rollout: leave or rollback', fallback: 'leave' },
  { name: 'DRIFT', meaning: 'on a change made outside: report, correct or ignore', fallback: 'report' },
  { name: 'LOG_LEVEL', meaning: 'trace, debug, info, warn, error, fatal or silent', fallback: 'info' },
  { name: 'LOG_FORMAT', meaning: 'pretty or json; not set: pretty on a terminal, json elsewhere', fallback: '' },
];

/**
 * Reads the settings. A variable can also come from the file named by `<NAME>_FILE`, or from
 * `$CREDENTIALS_DIRECTORY/<NAME>` (systemd's LoadCredential).
 *
 * @param readFile returns the text of a file, or undefined when there is none; throws when it cannot be read
 */
export function parseConfig(env: Env, readFile: (path: string) => string | undefined): ConfigParse {
  const read = createReader(env, readFile);
  const config: Config = {
    deps: read.value('DEPS', ONE_LINE),
    ecrRepo: read.optional('ECR_REPO', REPOSITORY),
    slackWebhook: read.optional('WEBHOOK_FOR_SLACK', WEBHOOK),
    kubeconfig: read.optional('KUBECONFIG', ONE_LINE),
    kubeContext: read.optional('KUBE_CONTEXT', ONE_LINE),
    concurrency: read.value('CONCURRENCY', wholeNumber(1, 10_000)),
    rolloutTimeoutMs: read.optional('ROLLOUT_TIMEOUT', duration(SECOND / 10, 24 * HOUR)),
    failureGraceMs: read.value('FAILURE_GRACE', duration(0, HOUR)),
    maxRestarts: read.optional('MAX_RESTARTS', wholeNumber(0, 1_000)),
    watchAfterMs: read.value('WATCH_AFTER', duration(0, 24 * HOUR)),
    settleMs: read.value('SETTLE', duration(0, MINUTE)),
    rescanMs: read.value('RESCAN', duration(SECOND / 20, HOUR)),
    createNamespaces: read.value('CREATE_NAMESPACES', TRUTH),
    namespaces: read.value('NAMESPACES', NAMESPACE_PATTERNS),
    onFailure: read.value('ON_FAILURE', oneOf('leave', 'rollback')),
    drift: read.value('DRIFT', oneOf('report', 'correct', 'ignore')),
    logLevel: read.value('LOG_LEVEL', oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')),
    logFormat: read.optional('LOG_FORMAT', oneOf('pretty', 'json')),
  };
  if (read.problems.size === 0) return { kind: 'config', config };
  return {
    kind: 'problems',
    problems: [...read.problems.values()],
    deps: read.problems.has('DEPS') ? undefined : config.deps,
    access: ['KUBECONFIG', 'KUBE_CONTEXT'].some((name) => read.problems.has(name)) ? undefined : config,
  };
}

function createReader(env: Env, readFile: (path: string) => string | undefined) {
  /** By the name of the variable. */
  const problems = new Map<string, string>();

  function textOf(name: string): string | undefined {
    const direct = env[name]?.trim();
    if (direct) return direct;
    const file = env[`${name}_FILE`]?.trim();
    if (file) return textIn(file, name, `${name}_FILE`);
    const credentials = env.CREDENTIALS_DIRECTORY?.trim();
    return credentials ? textIn(`${credentials}/${name}`, name, '$CREDENTIALS_DIRECTORY') : undefined;
  }

  function textIn(path: string, name: string, namedBy: string): string | undefined {
    try {
      const text = readFile(path)?.trim();
      // A credential may be absent; a file that was named must exist.
      if (text === undefined && namedBy === `${name}_FILE`) problems.set(name, `${namedBy}: there is no file ${path}`);
      if (text === '' && namedBy === `${name}_FILE`) problems.set(name, `${namedBy}: the file ${path} is empty`);
      return text === '' ? undefined : text;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      problems.set(name, `${name}: the file of ${namedBy} cannot be read: ${why}`);
      return undefined;
    }
  }

  function optional<T>(name: string, { expected, parse }: Values<T>): T | undefined {
    const given = textOf(name);
    if (given === undefined) return undefined;
    const value = parse(given);
    if (value === undefined) problems.set(name, `${name}: expected ${expected}, got ${shown(name, given)}`);
    return value;
  }

  /** The default when it is not set, or wrong. */
  function value<T>(name: string, values: Values<T>): T {
    const fallback = values.parse(VARIABLES.find((variable) => variable.name === name)?.fallback ?? '');
    if (fallback === undefined) throw new Error(`${name} has no default`);
    return optional(name, values) ?? fallback;
  }

  return { optional, value, problems };
}

function shown(name: string, value: string): string {
  const isSecret = VARIABLES.some((variable) => variable.name === name && variable.secret === true);
  if (isSecret) return 'something else (not shown, it is a secret)';
  // The content of a file instead of its path: it may hold keys.
  return value.includes('\n') ? 'several lines (not shown)' : JSON.stringify(value);
}
