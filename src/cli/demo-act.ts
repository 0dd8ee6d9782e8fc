/** The demo's act: what is written into which file, and how it must end. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NAMESPACE } from './demo-services.ts';
import type { Paint } from './demo-slack.ts';

export interface Stage {
  readonly deps: string;
  readonly out: (text: string) => void;
  readonly paint: Paint;
  readonly signal: AbortSignal;
}

interface Scene {
  readonly says: string;
  readonly service: string;
  readonly version: string;
  readonly endsAs: 'succeeded' | 'failed';
  /** Part of the one line that must be told. */
  readonly summary: RegExp;
}

const SCENES: readonly Scene[] = [
  { says: 'A good version', service: 'web', version: '1.25.0', endsAs: 'succeeded', summary: /succeeded after/ },
  {
    says: 'A version that is not in the registry',
    service: 'web',
    version: '1.26.0-typo',
    endsAs: 'failed',
    summary: /cannot be pulled.*not found/,
  },
  {
    says: 'A version that crashes',
    service: 'api',
    version: '2.1.0-broken',
    endsAs: 'failed',
    summary: /container api exits 1/,
  },
  { says: 'The fix of the first', service: 'web', version: '1.26.0', endsAs: 'succeeded', summary: /succeeded after/ },
  { says: 'The fix of the second', service: 'api', version: '2.1.1', endsAs: 'succeeded', summary: /succeeded after/ },
];

const SCENE_LIMIT_MS = 20_000;

/** Plays every scene; returns what did not go as it should, empty when all went well. */
export async function playAct(stage: Stage): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [index, scene] of SCENES.entries()) {
    if (stage.signal.aborted) break;
    const problem = await play(stage, scene, index + 1);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

async function play({ deps, out, paint, signal }: Stage, scene: Scene, number: number): Promise<string | undefined> {
  const name = `${scene.service}_${NAMESPACE}`;
  out(`\n${paint('bold', `${number}. ${scene.says}`)}\n`);
  out(`${paint('cyan', `   $ echo ${scene.version} > ${name}.dep`)}\n`);
  await writeFile(join(deps, `${name}.dep`), `${scene.version}\n`);

  const answer = await answerTo(join(deps, `${name}.status.json`), scene.version, signal);
  if (answer === undefined)
    return signal.aborted ? undefined : `${scene.says}: no answer within ${SCENE_LIMIT_MS / 1000} s`;
  const { phase, summary } = answer;
  if (phase === scene.endsAs && scene.summary.test(summary)) return undefined;
  return `${scene.says}: expected "${scene.endsAs}" with ${scene.summary}, got "${phase}": ${summary}`;
}

interface Answer {
  readonly phase: string;
  readonly summary: string;
}

async function answerTo(path: string, version: string, signal: AbortSignal): Promise<Answer | undefined> {
  const deadline = performance.now() + SCENE_LIMIT_MS;
  while (performance.now() < deadline && !signal.aborted) {
    const status: Partial<Answer> & { readonly version?: string } = JSON.parse(
      await readFile(path, 'utf8').catch(() => '{}'),
    );
    const { phase, summary } = status;
    if (status.version === version && phase !== undefined && summary !== undefined && phase !== 'rolling-out') {
      return { phase, summary };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}
