/** A story told to kubectl on one server: its commands, and what kubectl said to each. */
import { once } from 'node:events';
import { eventually } from '../../support/eventually.ts';
import { createKubectl, type Kubectl, type KubectlResult } from '../../support/kubectl.ts';
import type { TempDir } from '../../support/temp-dir.ts';
import { configMap } from '../manifests.ts';
import type { ContractServer } from '../server.ts';
import { normalised } from './normalised.ts';

export interface Step {
  /** What follows `kubectl`; words that hold spaces stand in single quotes. */
  readonly kubectl: string;
  /** A manifest for `-f -`. */
  readonly input?: object;
  readonly as?: 'nobody';
  /** 0 unless told. */
  readonly exit?: number;
  /** Asked again until kubectl says this: statuses do not move at the same pace on two servers. */
  readonly until?: RegExp;
  /** Only these lines of the answer are kept. */
  readonly lines?: RegExp;
}

export interface Story {
  readonly title: string;
  /** A string is a step that is its command. */
  readonly steps: readonly (string | Step)[];
}

export interface Told {
  readonly command: string;
  readonly exit: number;
  readonly expectedExit: number;
  readonly said: readonly string[];
}

export interface Teller {
  /** Tells the story in a namespace of its own. */
  tell(story: Story): Promise<readonly Told[]>;
  /** What the command prints while the story is told, until it has printed `until`. */
  watch(story: Story, command: string, until: RegExp): Promise<readonly string[]>;
}

const PATIENCE = { timeoutMs: 30_000, intervalMs: 100 };

export async function createTeller(server: ContractServer, dir: TempDir, prefix: string): Promise<Teller> {
  const { api, kubeconfigs } = server;
  const admin = await createKubectl(dir, kubeconfigs.admin, `${prefix}-admin`);
  const nobody = await createKubectl(dir, kubeconfigs.nobody, `${prefix}-nobody`);
  let stories = 0;

  async function take(step: Step, namespace: string): Promise<Told> {
    const { kubectl: command, input, as, exit: expectedExit = 0, until, lines = /./ } = step;
    const words = [...command.replaceAll('NAMESPACE', namespace).matchAll(/'([^']*)'|(\S+)/g)];
    const args = ['-n', namespace, ...words.map(([, quoted, plain]) => quoted ?? plain ?? '')];
    const text = input === undefined ? '' : JSON.stringify(input);
    const result = await askUntil(as === 'nobody' ? nobody : admin, args, text, until);
    const said = normalised(`${result.stdout}${result.stderr}`, namespace).filter((line) => lines.test(line));
    return { command, exit: result.code, expectedExit, said };
  }

  async function inNamespace<T>(act: (namespace: string) => Promise<T>): Promise<T> {
    stories += 1;
    const namespace = `kubectl-${prefix}-${stories}-${process.pid}`;
    await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } });
    const outcome = await act(namespace);
    await api.request('DELETE', `/api/v1/namespaces/${namespace}`);
    return outcome;
  }

  async function takeAll({ steps }: Story, namespace: string): Promise<readonly Told[]> {
    const told: Told[] = [];
    for (const step of steps) told.push(await take(typeof step === 'string' ? { kubectl: step } : step, namespace));
    return told;
  }

  function watch(story: Story, command: string, until: RegExp): Promise<readonly string[]> {
    return inNamespace(async (namespace) => {
      // What is there already is printed first: that is how the test knows that the watch is open.
      await take({ kubectl: 'create -f -', input: configMap('first') }, namespace);
      const child = admin.start(['-n', namespace, ...command.split(' ')]);
      let printed = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      await eventually(() => /first/.test(printed), PATIENCE);
      await takeAll(story, namespace);
      await eventually(() => until.test(printed), PATIENCE);
      child.kill();
      await once(child, 'exit');
      return normalised(printed, namespace);
    });
  }

  return { tell: (story) => inNamespace((namespace) => takeAll(story, namespace)), watch };
}

/** The last answer when kubectl never says it: the comparison then shows what it said instead. */
async function askUntil(
  kubectl: Kubectl,
  args: readonly string[],
  input: string,
  until: RegExp | undefined,
): Promise<KubectlResult> {
  let result = await kubectl.run(args, input);
  if (until === undefined) return result;
  await eventually(async () => {
    if (until.test(result.stdout) || until.test(result.stderr)) return true;
    result = await kubectl.run(args, input);
    return false;
  }, PATIENCE).catch(() => undefined);
  return result;
}
