/**
 * Plays stories of rollouts, all at once: one engine for each kind of settings, many targets in its directory. Those in
 * which the controllers stand still come last, because everybody feels that.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { ENGINES, type EngineName, type Story } from '../stories/story.ts';
import type { ApiClient } from './api-client.ts';
import { type EngineProcess, startEngine } from './engine-process.ts';
import { eventually } from './eventually.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { createStoryPlayer, type Ending, type StoryPlayer } from './story-player.ts';
import { createTempDir } from './temp-dir.ts';

/** A cluster of the theatre's own: its controllers are made to stand still. */
export interface TheatreCluster {
  readonly url: string;
  readonly adminToken?: string;
  readonly api: ApiClient;
  newNamespace(prefix?: string): Promise<string>;
  pauseControllers(): void;
  resumeControllers(): void;
  close(): Promise<void>;
}

export interface Theatre {
  /** How the story of this name ended; waits for it. */
  ending(name: string): Promise<Ending>;
  close(): Promise<void>;
}

/** As many as two processors play without the stories waiting for each other. */
const STAGES = 12;

export async function openTheatre(cluster: TheatreCluster, stories: readonly Story[]): Promise<Theatre> {
  const dir = await createTempDir('stories');
  const kubeconfig = dir.file('kubeconfig');
  const { url: server, adminToken: token } = cluster;
  await writeFile(kubeconfig, kubeconfigText({ server, ...(token === undefined ? {} : { token }) }));
  const namespace = await cluster.newNamespace('stories');

  const engines = new Map<EngineName, EngineProcess>();
  for (const name of new Set(stories.map(engineOf))) {
    const deps = dir.file(name);
    await mkdir(deps);
    const env = { KUBECONFIG: kubeconfig, SETTLE: '50ms', RESCAN: '500ms', ...ENGINES[name] };
    engines.set(name, await startEngine({ env, deps, logFile: dir.file(`${name}.log`) }));
  }
  const players = stories.map((story, index): StoryPlayer => {
    const engine = engines.get(engineOf(story));
    if (engine === undefined) throw new Error(`no engine plays ${story.name}`);
    return createStoryPlayer({ cluster, engine, story, service: `story-${index + 1}`, namespace });
  });

  const endings = new Map(stories.map(({ name }) => [name, Promise.withResolvers<Ending>()]));
  const end = async (player: StoryPlayer) => {
    const ending = endings.get(player.story.name);
    await player.play().then(ending?.resolve, ending?.reject);
  };
  const playAll = async () => {
    const [resting, lively] = partition(players, ({ story }) => story.whileControllersRest !== undefined);
    await inTurns(lively, STAGES, end);
    await Promise.all(resting.map((player) => player.prepare()));
    cluster.pauseControllers();
    try {
      await Promise.all(resting.map((player) => player.playWhileControllersRest()));
      await untilAnotherIsAnswered(engines, namespace);
      for (const player of resting) player.noteSilence();
    } finally {
      cluster.resumeControllers();
    }
    await Promise.all(resting.map(end));
  };
  for (const { promise } of endings.values()) promise.catch(() => undefined);
  const played = playAll().catch((error: unknown) => {
    for (const { reject } of endings.values()) reject(error);
  });

  return {
    ending(name) {
      const ending = endings.get(name);
      if (ending === undefined) throw new Error(`no story is called ${name}`);
      return ending.promise;
    },
    async close() {
      await played;
      for (const engine of engines.values()) await engine.discard();
      await dir.remove();
      await cluster.close();
    },
  };
}

function engineOf(story: Story): EngineName {
  return story.engine ?? 'plain';
}

/** An engine that has answered this has had its look at everything that was written before. */
async function untilAnotherIsAnswered(engines: ReadonlyMap<EngineName, EngineProcess>, namespace: string) {
  for (const engine of engines.values()) {
    await engine.write(`nobody_${namespace}.dep`, '1.0.0\n');
    await eventually(() => engine.logs.some(({ message }) => message.startsWith(`nobody/${namespace} 1.0.0 blocked`)));
  }
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

async function inTurns<T>(items: readonly T[], atOnce: number, run: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
