/** The composition root: builds the rooms, connects them, starts and stops them in order. No rule lives here. */
import { join } from 'node:path';
import { type Clock, sleep } from './clock.ts';
import type { Cluster } from './cluster/cluster.ts';
import { createObserver } from './cluster/observer.ts';
import type { Config } from './config.ts';
import type { EngineStateEvent } from './domain/event.ts';
import { parseTargetKey, type TargetKey, targetKey } from './domain/target.ts';
import { createIntake } from './intake/intake.ts';
import { createKnownTargets } from './intake/known-targets.ts';
import type { Logger } from './log.ts';
import { createSlackSink } from './notify/slack.ts';
import { createWorkQueue } from './queue/work-queue.ts';
import { createEvidenceGatherer } from './reconcile/evidence-gatherer.ts';
import { createReconciler, type PassResult } from './reconcile/pass.ts';
import { createReport, logSink, type Sink } from './report.ts';
import { readBounded } from './state/bounded-read.ts';
import { writeDurably } from './state/durable.ts';
import { acquireDirectoryLock, type DirectoryLock, describeHolder } from './state/lock.ts';
import { createStateStore, UnknownStateError } from './state/store.ts';
import { keepUnsaved } from './state/unsaved.ts';

export interface Engine {
  /**
   * Resolves when every dep file found has been queued and the directory is watched.
   *
   * @param signal calls the start off; `stop` does so too. Either way only `stop` ends what had begun.
   * @throws DirectoryLockedError
   */
  start(signal?: AbortSignal): Promise<void>;
  /** Ends running passes, leaves rollouts to the cluster and the next start. Idempotent, and fine without a start. */
  stop(): Promise<void>;
}

export interface EngineParts {
  readonly log: Logger;
  readonly clock: Clock;
  readonly cluster: Cluster;
  /** Beside the log and Slack. */
  readonly sinks?: readonly Sink[];
}

/** A restart under systemd may meet the old engine while it drains. */
const LOCK_WAIT_MS = 6_000;
/** Passes are short: how long one may go on during a stop before its calls are cut off. */
const DRAIN_MS = 2_000;
/** How long it then has to write down what it knows. */
const DRAIN_CUT_OFF_MS = 1_000;
const OUTBOX_GRACE_MS = 1_500;

export function createEngine(config: Config, { log, clock, cluster, sinks = [] }: EngineParts): Engine {
  const slack = config.slackWebhook === undefined ? undefined : slackSink(config, config.slackWebhook, log, clock);
  const report = createReport(
    [logSink(log), ...(slack === undefined ? [] : [{ name: 'slack', put: slack.put }]), ...sinks],
    (sink, error) => log.error({ sink, err: error }, 'a sink failed; the rest goes on'),
  );
  const tell = (what: EngineStateEvent['what'], summary: string) => {
    const at = clock.now();
    void report({ kind: 'engine', id: `${what}:${at}`, what, summary, at });
  };

  const lookAtAll = () => {
    for (const key of intake.keys()) queue.add(key);
  };
  const store = keepUnsaved(
    createStateStore(config.deps, (problem) => log.warn({ path: problem.path }, problem.message)),
    {
      clock,
      onUnsaved: (problem) =>
        problem === undefined
          ? tell('state-saved', 'state files can be written again')
          : tell('state-unsaved', `${problem}; deployments go on, their state is kept in memory only`),
      onRetry: (key) => queue.add(key),
    },
  );
  const intake = createIntake({
    dir: config.deps,
    settleMs: config.settleMs,
    rescanMs: config.rescanMs,
    clock,
    onHint: (key) => queue.add(key),
    onHealth: ({ degraded, reason }) => {
      if (degraded) tell('directory-degraded', reason);
      else tell('directory-recovered', `${config.deps} is in order again`);
      // What waits out a backoff for its state to be readable need not wait any longer.
      if (!degraded) lookAtAll();
    },
  });
  const known = createKnownTargets({
    intake,
    onForgotten: (key) => {
      store.forget(key);
      const parsed = parseTargetKey(key);
      if (parsed.kind === 'target') observer.forget(parsed.target);
    },
  });
  const observer = createObserver(cluster, clock, {
    isOurs: (namespace, service) => known.has({ service, namespace }),
    onHint: (namespace, service) => queue.add(targetKey({ service, namespace })),
    onError: (error) => log.error({ err: error }, 'a watch event could not be processed; that watch starts over'),
    onState: ({ reachable, message }) => {
      if (reachable) tell('cluster-reachable', `${cluster.server}: ${message}`);
      else tell('cluster-unreachable', `${cluster.server} cannot be reached; everything waits for it (${message})`);
      // What waits out a backoff need not wait any longer.
      if (reachable) lookAtAll();
    },
  });
  const reconciler = createReconciler({
    policy: {
      repo: config.ecrRepo,
      namespaces: config.namespaces,
      createNamespaces: config.createNamespaces,
      onFailure: config.onFailure,
      drift: config.drift,
      graceMs: config.failureGraceMs,
      maxRestarts: config.maxRestarts,
      timeoutMs: config.rolloutTimeoutMs,
      watchAfterMs: config.watchAfterMs,
    },
    clock,
    look: known.look,
    store,
    cluster,
    observer,
    report,
    gatherEvidence: createEvidenceGatherer({
      cluster,
      observer,
      clock,
      secrets: config.slackWebhook === undefined ? [] : [config.slackWebhook],
    }),
  });
  const run = async (key: TargetKey): Promise<PassResult> => {
    const result = await reconciler.run(key).catch((error: unknown): PassResult => {
      if (!(error instanceof UnknownStateError)) throw error;
      return { lookAgainInMs: config.rescanMs, detail: error.message };
    });
    if (result.detail !== undefined)
      log.debug({ key, lookAgainInMs: result.lookAgainInMs }, `${key}: ${result.detail}`);
    const isAtRest = result.lookAgainInMs === undefined && result.failed !== true;
    if (isAtRest) known.forgetIfGone(key);
    return result;
  };
  const queue = createWorkQueue({
    concurrency: config.concurrency,
    run,
    clock,
    onError: (key, error) => log.error({ key, err: error }, `${key}: the pass failed and is tried again`),
  });

  const ending = new AbortController();
  let lock: DirectoryLock | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  async function start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    lock = await acquireDirectoryLock(config.deps, {
      waitMs: LOCK_WAIT_MS,
      signal,
      onWaiting: (holder) =>
        log.warn({ holder }, `${config.deps} is served by ${describeHolder(holder)}; waiting for it to stop`),
    });
    await store
      .removeTemporaries()
      .catch((error: unknown) => log.warn({ err: error }, 'temporary files of earlier runs could not be removed'));
    await slack?.start();
    signal.throwIfAborted();
    await intake.start();
    signal.throwIfAborted();
    // After the first scan: what the watch shows at its beginning is kept only for targets that are known.
    observer.start();
    // A dep file may have gone while nobody looked: what it had asked for still gets its answer.
    for (const key of await store.recordedKeys()) if (!intake.keys().has(key)) queue.add(key);
    const targets = [...intake.keys()].filter((key) => parseTargetKey(key).kind === 'target').length;
    log.info(
      { deps: config.deps, targets, server: cluster.server, context: cluster.contextName },
      `watching ${config.deps} (${targets} targets) for ${cluster.server}`,
    );
  }

  async function stop(): Promise<void> {
    ending.abort();
    // Whoever started it is told why it failed.
    await starting?.catch(() => undefined);
    await intake.stop();
    store.stop();
    const drained = queue.close();
    await Promise.race([drained, sleep(clock, DRAIN_MS)]);
    await observer.stop();
    await cluster.close();
    // A pass that hung in a call goes on without it, and may still have something to write and to tell.
    await Promise.race([drained, sleep(clock, DRAIN_CUT_OFF_MS)]);
    await slack?.stop(OUTBOX_GRACE_MS);
    await lock?.release();
  }

  return {
    start(signal) {
      starting ??= start(signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]));
      return starting;
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function slackSink(config: Config, webhook: string, log: Logger, clock: Clock) {
  return createSlackSink({
    webhook,
    dir: join(config.deps, '.dke', 'outbox'),
    read: readBounded,
    write: writeDurably,
    clock,
    onProblem: ({ kind, message }) => log[kind === 'resumed' ? 'info' : 'warn']({ kind }, `Slack: ${message}`),
  });
}
