/** Plays one story of a rollout against a running engine, and notes everything that is told. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bound, normalised, type Shape, type Step, type Story } from '../stories/story.ts';
import { type ApiClient, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from './api-client.ts';
import type { EngineProcess } from './engine-process.ts';
import { eventually } from './eventually.ts';
import { listAt, numberAt, textAt } from './json.ts';
import { imageOf, manifest } from './story-deployment.ts';

export interface Ending {
  /** Everything that was told of the target, in order, normalised. */
  readonly tells: readonly string[];
  /** The same, of the status file. */
  readonly summary: string;
  /** Of the last telling. */
  readonly evidence: string;
  /** What of the story's bound did not hold when the last thing was told. */
  readonly tooLate: readonly string[];
  /** What was told while the controllers stood still. */
  readonly tooEarly: readonly string[];
  /** The target's lines of the engine's log, for whoever must find out why. */
  readonly log: string;
}

export interface StoryPlayer {
  readonly story: Story;
  /** Puts up what stands when the story begins; `play` does it too. */
  prepare(): Promise<void>;
  playWhileControllersRest(): Promise<void>;
  noteSilence(): void;
  play(): Promise<Ending>;
}

export interface StoryPlayerOptions {
  readonly cluster: { readonly api: ApiClient; newNamespace(prefix?: string): Promise<string> };
  readonly engine: EngineProcess;
  readonly story: Story;
  readonly service: string;
  /** Shared by all stories that need none of their own. */
  readonly namespace: string;
}

/** Generous: the processors are shared by all stories. */
const PATIENCE = { timeoutMs: 45_000, intervalMs: 100 };

export function createStoryPlayer(options: StoryPlayerOptions): StoryPlayer {
  const { cluster, engine, story, service } = options;
  const { api } = cluster;
  let { namespace } = options;
  let prepared: Promise<void> | undefined;
  let tooEarly: readonly string[] = [];

  const collection = () => `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const path = () => `${collection()}/${service}`;
  const read = () => api.ask('GET', path());
  const tellings = () =>
    engine.logs.filter(
      ({ fields }) =>
        textAt(fields, 'target') === `${service}/${namespace}` &&
        !['started', 'progress', ''].includes(textAt(fields, 'what')),
    );
  const logOf = () =>
    engine.logs
      .filter(({ fields }) => textAt(fields, 'target') === `${service}/${namespace}`)
      .map(({ fields }) => JSON.stringify(fields))
      .join('\n');
  const tells = () => tellings().map(({ message }) => normalised(message, { service, namespace }));

  async function prepare(): Promise<void> {
    if (story.quota !== undefined) namespace = await cluster.newNamespace('quota');
    const { deployment = {} } = story;
    if (deployment !== 'none') await create(deployment);
    if (story.quota !== undefined) await limit(story.quota);
  }

  async function create(shape: Shape): Promise<void> {
    await api.ask('POST', collection(), { body: manifest(service, shape) });
    if (shape.untilAvailable === false) return;
    const { replicas = 1 } = shape;
    await eventually(async () => numberAt(await read(), 'status', 'availableReplicas') === replicas, PATIENCE);
  }

  /** The server counts before it limits. */
  async function limit(hard: Readonly<Record<string, string>>): Promise<void> {
    const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
    await api.ask('POST', quotas, { body: { metadata: { name: 'limits' }, spec: { hard } } });
    await eventually(
      async () => textAt(await api.ask('GET', `${quotas}/limits`), 'status', 'used', 'pods') === '1',
      PATIENCE,
    );
  }

  async function take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        return engine.write(`${service}_${namespace}.dep`, step.content);
      case 'create':
        return create(step.shape);
      case 'delete':
        await api.ask('DELETE', path());
        return;
      case 'change':
        await api.ask('PATCH', path(), { contentType: MERGE_PATCH, body: step.body });
        return;
      case 'set-image': {
        const body = { spec: { template: { spec: { containers: [{ name: 'app', image: step.image }] } } } };
        await api.ask('PATCH', `${path()}?fieldManager=kubectl-set`, { contentType: STRATEGIC_MERGE_PATCH, body });
        return;
      }
      case 'until-image':
      case 'until-patched':
      case 'until-told':
      case 'until-restarts':
      case 'until-status':
        await eventually(() => hasCome(step), PATIENCE);
        return;
      default:
        return step satisfies never;
    }
  }

  async function hasCome(fact: Extract<Step, { kind: `until-${string}` }>): Promise<boolean> {
    switch (fact.kind) {
      case 'until-image':
        return imageOf(await read()) === fact.image;
      case 'until-patched':
        return textAt(await read(), 'metadata', 'annotations', 'deployment-k8s-engine/attempt') !== '';
      case 'until-told':
        return tells().length >= fact.count;
      case 'until-restarts':
        return (await mostRestarts()) >= fact.atLeast;
      case 'until-status':
        return numberAt(await read(), 'status', fact.field) === fact.is;
      default:
        return fact satisfies never;
    }
  }

  /** Of the pods that run what the Deployment asks for. */
  async function mostRestarts(): Promise<number> {
    const image = imageOf(await read());
    const pods = listAt(
      await api.ask('GET', `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${service}`),
      'items',
    );
    const newest = pods.filter((pod) =>
      listAt(pod, 'spec', 'containers').some((one) => textAt(one, 'image') === image),
    );
    const statuses = newest.flatMap((pod) => [
      ...listAt(pod, 'status', 'containerStatuses'),
      ...listAt(pod, 'status', 'initContainerStatuses'),
    ]);
    return Math.max(0, ...statuses.map((status) => numberAt(status, 'restartCount')));
  }

  async function brokenBounds(bound: Bound): Promise<readonly string[]> {
    const { restartsAtMost, availableAtLeast, beforeDeadline } = bound;
    const broken: string[] = [];
    if (restartsAtMost !== undefined) {
      const restarts = await mostRestarts();
      if (restarts > restartsAtMost) broken.push(`${restarts} restarts`);
    }
    const deployment = await read();
    const available = numberAt(deployment, 'status', 'availableReplicas');
    if (availableAtLeast !== undefined && available < availableAtLeast) broken.push(`${available} available`);
    const conditions = listAt(deployment, 'status', 'conditions');
    const passed = conditions.some((condition) => textAt(condition, 'reason') === 'ProgressDeadlineExceeded');
    if (beforeDeadline === true && passed) broken.push('the progress deadline has passed');
    return broken;
  }

  async function takeAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await take(step);
  }

  async function summary(): Promise<string> {
    const status: unknown = JSON.parse((await engine.read(`${service}_${namespace}.status.json`)) ?? '{}');
    return normalised(textAt(status, 'summary'), { service, namespace });
  }

  /** What goes on would cost the other stories; the file goes first, so that nothing is told of the end. */
  async function cleanUp(): Promise<void> {
    await rm(join(engine.deps, `${service}_${namespace}.dep`), { force: true });
    await api.request('DELETE', path());
  }

  const prepareOnce = () => {
    prepared ??= prepare();
    return prepared;
  };

  return {
    story,
    prepare: prepareOnce,
    async playWhileControllersRest() {
      await takeAll(story.whileControllersRest ?? []);
    },
    noteSilence() {
      tooEarly = tells();
    },
    async play() {
      await prepareOnce();
      await takeAll(story.steps);
      // A story that goes wrong shows how by what was told until then.
      await eventually(() => tells().length >= story.tells.length, PATIENCE).catch(() => undefined);
      const tooLate = await brokenBounds(story.bound ?? {});
      const evidence = listAt(tellings().at(-1)?.fields, 'evidence').map(String).join('\n');
      // The record is written once more after the telling.
      await eventually(async () => tells().includes(await summary())).catch(() => undefined);
      const ending = { tells: tells(), summary: await summary(), evidence, tooLate, tooEarly, log: logOf() };
      await cleanUp();
      return ending;
    },
  };
}
