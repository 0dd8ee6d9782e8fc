/** `dke demo`: a sandbox cluster with a few services, the engine on a fresh directory, and a short act. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import { loadCluster } from '../cluster/cluster.ts';
import { type Config, parseConfig } from '../config.ts';
import { createEngine } from '../engine.ts';
import { createLog } from '../log.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { mayColor } from './color.ts';
import type { CommandContext } from './command.ts';
import { playAct } from './demo-act.ts';
import { createServices, NAMESPACE } from './demo-services.ts';
import { type Paint, startDemoSlack } from './demo-slack.ts';
import { EXIT } from './exit-codes.ts';
import { untilAborted } from './until-aborted.ts';
import { VERSION } from './version.ts';

/** The sandbox's kubelets are five times faster than real ones, and so is the patience with a crash loop. */
const FAILURE_GRACE = '4s';

export async function demo(context: CommandContext): Promise<number> {
  const { args, signal, out } = context;
  const color = mayColor(context);
  const paint = painter(color);
  // Ended in the opposite order, wherever the demo stops.
  await using begun = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'dke-demo-'));
  begun.defer(() => rm(folder, { recursive: true, force: true }));
  const deps = await mkdtemp(join(folder, 'deps-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const sandbox = await startSandbox();
  begun.defer(sandbox.stop);
  const slack = await startDemoSlack(out, paint);
  begun.defer(slack.stop);
  await createServices(sandbox.url);
  await writeFile(kubeconfig, sandbox.kubeconfig());
  out(`${paint('bold', 'deployment-k8s-engine demo')}: a cluster in memory, the engine, and what Slack would show\n`);

  const engine = await createDemoEngine({ deps, kubeconfig, webhook: slack.webhook, color });
  begun.defer(engine.stop);
  await engine.start();
  const problems = await playAct({ deps, out, paint, signal });
  await untilTold(slack, signal);
  if (signal.aborted) {
    out('\nStopped before the end of the act.\n');
    return EXIT.failed;
  }
  out(
    problems.length === 0
      ? `\n${paint('green', 'Everything went as it should.')}\n`
      : `\n${problems.map((line) => `${paint('red', line)}\n`).join('')}`,
  );
  if (!args.includes('--once')) {
    out(invitation(deps, kubeconfig, paint));
    await untilAborted(signal);
  }
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

async function createDemoEngine(options: {
  readonly deps: string;
  readonly kubeconfig: string;
  readonly webhook: string;
  readonly color: boolean;
}) {
  const { deps, kubeconfig, webhook, color } = options;
  const config = settings({ DEPS: deps, WEBHOOK_FOR_SLACK: webhook, FAILURE_GRACE });
  const log = await createLog({ level: 'info', format: 'pretty', color, fd: 1, secrets: [webhook] });
  const userAgent = `deployment-k8s-engine/${VERSION} demo`;
  const cluster = loadCluster({ kubeconfig, userAgent, pluginEnv: {} }, systemClock);
  return createEngine(config, { log, clock: systemClock, cluster });
}

function settings(env: Readonly<Record<string, string>>): Config {
  const parsed = parseConfig(env, () => undefined);
  if (parsed.kind === 'problems') throw new Error(parsed.problems.join('; '));
  return parsed.config;
}

/** Slack takes one message a second, so the last ones come after the act. */
async function untilTold(slack: { readonly received: number }, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (slack.received < 5 && performance.now() < deadline && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function invitation(deps: string, kubeconfig: string, paint: Paint): string {
  const lines = [
    'Now you. In another terminal:',
    '',
    `  cd ${deps}`,
    `  export KUBECONFIG=${kubeconfig}`,
    `  echo 1.27.0 > web_${NAMESPACE}.dep`,
    `  echo 1.28.0-broken > web_${NAMESPACE}.dep`,
    `  cat web_${NAMESPACE}.status.json`,
    `  kubectl get deployments,pods -n ${NAMESPACE}`,
    `  kubectl rollout history deployment/web -n ${NAMESPACE}`,
    `  kubectl set image deployment/api api=nginx:1.0 -n ${NAMESPACE}`,
    '',
    'The last one changes the image behind the back of the engine, which reports it.',
    'A tag with "missing" cannot be pulled, "broken" crashes, "slow" takes long, "never" never gets ready. Ctrl-C ends it.',
  ];
  return `\n${lines.map((line) => (line.startsWith('  ') ? paint('cyan', line) : line)).join('\n')}\n\n`;
}

const CODES = { dim: 2, bold: 1, green: 32, yellow: 33, red: 31, cyan: 36 } as const;

function painter(color: boolean): Paint {
  return (style, text) => (color ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
}
