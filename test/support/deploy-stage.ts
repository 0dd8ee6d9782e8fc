/**
 * Everything the engine touches, set up for one test: a namespace of a cluster, a recording proxy in front of it, a
 * fake Slack, a directory, and the engine itself as a process. A test that fails keeps the engine's log, and says where.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFailed } from 'vitest';
import type { ApiClient } from './api-client.ts';
import { type EngineProcess, startEngine } from './engine-process.ts';
import { eventually } from './eventually.ts';
import { at, listAt, textAt } from './json.ts';
import { readIfThere, readIfThereSync } from './optional-file.ts';
import { type RecordedRequest, type RecordingProxy, startRecordingProxy } from './recording-proxy.ts';
import { type SlackServer, startSlackServer } from './slack-server.ts';
import { followDeployments, type StageDeployments } from './stage-deployments.ts';
import { createTempDir } from './temp-dir.ts';

/** A cluster to play on: the real control plane or the sandbox. */
export interface StageCluster {
  readonly url: string;
  readonly adminToken?: string;
  /** Speaks as the administrator, past the proxy. */
  readonly api: ApiClient;
  newNamespace(prefix?: string): Promise<string>;
  /** Called when the stage is taken down: for a cluster of its own. */
  close?(): Promise<void>;
}

export interface StageOptions {
  /** Settings of the engine beside `DEPS`, `KUBECONFIG` and `WEBHOOK_FOR_SLACK`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the engine's command. */
  readonly launcher?: readonly string[];
  /** The engine's account in the namespace: returns its token. The administrator when left out. */
  readonly account?: (namespace: string) => Promise<string>;
  /** `false`: the engine is started by the test. */
  readonly engine?: boolean;
}

/** The answer in a status file, as far as people and CI read it. */
export interface Answer {
  readonly phase: string;
  readonly version: string;
  readonly content: string;
  readonly summary: string;
  readonly evidence: readonly string[];
  readonly whole: unknown;
}

/** A message as the channel shows it. */
export interface Told {
  /** The title without its sign, e.g. `Deployment Successful`. */
  readonly title: string;
  readonly service: string;
  readonly version: string;
  /** The error or message; empty for a plain success. */
  readonly text: string;
}

export interface Stage extends AsyncDisposable {
  readonly namespace: string;
  readonly deps: string;
  readonly api: ApiClient;
  readonly proxy: RecordingProxy;
  readonly slack: SlackServer;
  readonly deployments: StageDeployments;
  /** The one that runs, or ran last. */
  readonly engine: EngineProcess;
  /** Starts the next one on the same directory, with the stage's settings and these. */
  startEngine(env?: Readonly<Record<string, string>>): Promise<EngineProcess>;
  /** Stops and starts it. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Name of a file of the service: `web` and `dep` make `web_<namespace>.dep`. */
  file(service: string, kind: 'dep' | 'last' | 'status.json'): string;
  /** Writes the service's dep file in place. */
  write(service: string, content: string): Promise<void>;
  last(service: string): Promise<string | undefined>;
  status(service: string): Promise<Answer | undefined>;
  /** Waits, as CI does, until the status file answers this content, and the rollout is over. */
  concluded(service: string, content: string, options?: { readonly timeoutMs?: number }): Promise<Answer>;
  /** `write` and `concluded`. */
  deploy(service: string, content: string): Promise<Answer>;
  /** What the channel shows, in order; of one service where it is named. */
  told(service?: string): readonly Told[];
  /** Requests of the engine about this Deployment by name: no watches, no lists. */
  requestsFor(service: string): readonly RecordedRequest[];
  /** Everything any engine of this stage has printed. */
  output(): string;
}

/** Small enough for a test, large enough to be a grace. */
const ENV = { FAILURE_GRACE: '2s', SETTLE: '50ms', RESCAN: '500ms' };

export async function setStage(cluster: StageCluster, options: StageOptions = {}): Promise<Stage> {
  const { env = {}, launcher = [], account } = options;
  const dir = await createTempDir('stage');
  const deps = dir.file('deps');
  const logFile = dir.file('engine.log');
  const namespace = await cluster.newNamespace();
  const { adminToken: token } = cluster;
  const proxy = await startRecordingProxy({ upstream: cluster.url, ...(token === undefined ? {} : { token }) });
  const slack = await startSlackServer();
  const ending = new AbortController();
  const deployments = followDeployments(cluster.api, namespace, ending.signal);
  const kubeconfig = account === undefined ? proxy.kubeconfig() : proxy.kubeconfig({ token: await account(namespace) });
  await mkdir(deps);
  await writeFile(dir.file('kubeconfig'), kubeconfig);

  let engine: EngineProcess | undefined;
  let kept: string | undefined;
  const output = () => kept ?? readIfThereSync(logFile) ?? '';
  const running = () => {
    if (engine === undefined) throw new Error('the engine of this stage was not started');
    return engine;
  };
  const start = async (more: Readonly<Record<string, string>> = {}) => {
    await engine?.discard();
    const given = { KUBECONFIG: dir.file('kubeconfig'), WEBHOOK_FOR_SLACK: slack.url, ...ENV, ...env, ...more };
    engine = await startEngine({ env: given, launcher, deps, logFile });
    return engine;
  };
  keepIfFailed(() => output());
  if (options.engine !== false) await start();

  const file: Stage['file'] = (service, kind) => `${service}_${namespace}.${kind}`;
  const write: Stage['write'] = (service, content) => writeFile(join(deps, file(service, 'dep')), content);
  const read = (name: string) => readIfThere(join(deps, name));
  const status: Stage['status'] = async (service) => {
    const text = await read(file(service, 'status.json'));
    return text === undefined ? undefined : answerOf(JSON.parse(text));
  };
  const concluded: Stage['concluded'] = async (service, content, { timeoutMs = 30_000 } = {}) => {
    const hash = createHash('sha256').update(content).digest('hex');
    return eventually(
      async () => {
        const answer = await status(service);
        return answer?.content === hash && answer.phase !== 'rolling-out' && answer;
      },
      { timeoutMs },
    );
  };

  return {
    namespace,
    deps,
    api: cluster.api,
    proxy,
    slack,
    deployments,
    get engine() {
      return running();
    },
    startEngine: start,
    restart: async (more) => {
      await running().stop();
      await start(more);
    },
    file,
    write,
    status,
    concluded,
    last: (service) => read(file(service, 'last')),
    deploy: async (service, content) => {
      await write(service, content);
      return concluded(service, content);
    },
    told: (service) => slack.accepted.flatMap(({ body }) => toldOf(body, service)),
    requestsFor: (service) => proxy.requests.filter(({ path }) => path.endsWith(`/deployments/${service}`)),
    output,
    [Symbol.asyncDispose]: async () => {
      await engine?.kill();
      kept = output();
      await engine?.discard();
      ending.abort();
      await Promise.all([proxy.stop(), slack.stop()]);
      await dir.remove();
      // Nobody waits for the end of the namespace's objects; controllers that go on with them would cost the next test.
      await cluster.api.request('DELETE', `/apis/apps/v1/namespaces/${namespace}/deployments`);
      await cluster.close?.();
    },
  };
}

function answerOf(whole: unknown): Answer {
  return {
    phase: textAt(whole, 'phase'),
    version: textAt(whole, 'version'),
    content: textAt(whole, 'content'),
    summary: textAt(whole, 'summary'),
    evidence: listAt(whole, 'evidence').map(String),
    whole,
  };
}

function toldOf(body: unknown, service: string | undefined): readonly Told[] {
  const attachment = at(body, 'attachments', 0);
  const fields = listAt(attachment, 'fields');
  const field = (...titles: readonly string[]) =>
    textAt(
      fields.find((candidate) => titles.includes(textAt(candidate, 'title'))),
      'value',
    );
  const told = {
    title: textAt(attachment, 'title').replace(/^[^A-Z]+/, ''),
    service: field('Service'),
    version: field('Version'),
    text: field('Error', 'Message'),
  };
  return service === undefined || told.service === service ? [told] : [];
}

/** Folder of the logs of failed tests. */
const KEPT = join(tmpdir(), 'dke-failed-tests');

function keepIfFailed(output: () => string): void {
  onTestFailed(({ task }) => {
    const path = join(KEPT, `${task.name.replace(/\W+/g, '-').slice(0, 80)}-${process.pid}.log`);
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(path, output());
    const [error] = task.result?.errors ?? [];
    if (error !== undefined) error.message += `\nlog of the engine: ${path}`;
  });
}
