/** `dke run`: the engine, until it is told to stop. */
import { systemClock } from '../clock.ts';
import { type Cluster, loadCluster } from '../cluster/cluster.ts';
import { KubeconfigError } from '../cluster/kubeconfig.ts';
import type { Access, Config, Env } from '../config.ts';
import { createEngine, type Engine } from '../engine.ts';
import { createLog, flushLog, type Logger } from '../log.ts';
import { DirectoryLockedError } from '../state/lock.ts';
import { mayColor } from './color.ts';
import type { CommandContext } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { readSettings, UnreadableFileError, withSettingsFile } from './settings.ts';
import { settingsFile } from './settings-option.ts';
import { untilAborted } from './until-aborted.ts';
import { VERSION } from './version.ts';

export async function run(context: CommandContext): Promise<number> {
  const { isTerminal, err } = context;
  const prepared = prepare(context);
  if (prepared.kind === 'problems') {
    const { problems } = prepared;
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    err(`${count} in the settings:\n${problems.map((line) => `  ${line}\n`).join('')}`);
    return EXIT.config;
  }
  const { config, cluster } = prepared;
  const log = await createLog({
    level: config.logLevel,
    format: config.logFormat ?? (isTerminal ? 'pretty' : 'json'),
    color: mayColor(context),
    fd: 1,
    secrets: config.slackWebhook === undefined ? [] : [config.slackWebhook],
  });
  log.info({ version: VERSION, pid: process.pid }, `deployment-k8s-engine ${VERSION}`);
  if (config.slackWebhook === undefined) log.info('WEBHOOK_FOR_SLACK is not set: no messages to Slack');

  try {
    return await serve(createEngine(config, { log, clock: systemClock, cluster }), log, context);
  } finally {
    await flushLog(log);
  }
}

async function serve(engine: Engine, log: Logger, { signal, err }: CommandContext): Promise<number> {
  try {
    await engine.start(signal);
    await untilAborted(signal);
    log.info('stopping: running rollouts go on in the cluster and are taken up at the next start');
  } catch (error) {
    // Told to stop before it had started: not a failure.
    if (!signal.aborted) return startFailed(error, log, err);
  } finally {
    await engine.stop();
  }
  log.info('stopped');
  return EXIT.ok;
}

/** With a silent log a failed start is told on standard error. */
function startFailed(error: unknown, log: Logger, err: CommandContext['err']): number {
  if (!(error instanceof DirectoryLockedError)) throw error;
  if (log.isLevelEnabled('fatal')) log.fatal({ holder: error.holder }, error.message);
  else err(`${error.message}\n`);
  return EXIT.locked;
}

type Prepared =
  | { readonly kind: 'ready'; readonly config: Config; readonly cluster: Cluster }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Everything that can be wrong before the start, found at once. */
function prepare({ env: given, args }: CommandContext): Prepared {
  const problems: string[] = [];
  let env = given;
  const file = settingsFile(args);
  try {
    env = withSettingsFile(given, file);
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    problems.push(file === undefined ? error.message : `--settings: ${error.message}`);
  }
  const settings = readSettings(env);
  if (settings.kind === 'problems') problems.push(...settings.problems);
  const access = settings.kind === 'config' ? settings.config : settings.access;
  const cluster = access === undefined ? undefined : openCluster(access, env, problems);
  if (settings.kind === 'problems' || cluster === undefined || problems.length > 0)
    return { kind: 'problems', problems };
  return { kind: 'ready', config: settings.config, cluster };
}

function openCluster(access: Access, env: Env, problems: string[]): Cluster | undefined {
  const { kubeconfig, kubeContext: context } = access;
  const { HOME: home } = env;
  try {
    return loadCluster(
      {
        userAgent: `deployment-k8s-engine/${VERSION}`,
        pluginEnv: env,
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
        ...(context === undefined ? {} : { context }),
        ...(home ? { home } : {}),
      },
      systemClock,
    );
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    problems.push(kubeconfig === undefined ? error.message : `KUBECONFIG: ${error.message}`);
    return undefined;
  }
}
