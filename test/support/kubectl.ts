/** The stock kubectl, run against a cluster of the test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { TempDir } from './temp-dir.ts';

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  /** Never rejects: what kubectl says and how it exits is the result. */
  run(args: readonly string[], input?: string): Promise<KubectlResult>;
  /** Standard output of a command that must succeed; rejects with its error text otherwise. */
  out(args: readonly string[], input?: string): Promise<string>;
  /** Starts a command that goes on by itself (`get -w`); the caller ends it. */
  start(args: readonly string[]): ChildProcess;
}

/** Writes the kubeconfig into the folder, which also takes the place of kubectl's home and cache. */
export async function createKubectl(dir: TempDir, kubeconfig: string, name = 'kubeconfig'): Promise<Kubectl> {
  await writeFile(dir.file(name), kubeconfig);
  const env = { PATH: process.env.PATH, HOME: dir.path, KUBECONFIG: dir.file(name) };

  const run = (args: readonly string[], input = ''): Promise<KubectlResult> =>
    new Promise((resolve) => {
      const child = execFile('kubectl', [...args], { env, timeout: 45_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      });
      // kubectl may end without having read its input.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });

  return {
    run,
    async out(args, input) {
      const { code, stdout, stderr } = await run(args, input);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit ${code}: ${stderr}`);
      return stdout;
    },
    start: (args) => spawn('kubectl', [...args], { env, stdio: ['ignore', 'pipe', 'ignore'] }),
  };
}
