/** docs/sandbox.md, written from the contract itself, so that it cannot say more or less than what is tested. */
import { AREAS } from './behaviours.ts';
import { LENIENCIES, REFUSALS, SIMPLER } from './differences.ts';
import { STORIES } from './kubectl/stories.ts';
import type { Story } from './kubectl/story.ts';
import { LESSONS } from './lessons.ts';

/** The text of the page; `podRules` is the source text whose opening comment holds the table of pod behaviours. */
export function sandboxPage(podRules: string): string {
  return [
    '# The sandbox',
    INTRODUCTION,
    '## How pods behave',
    podBehaviours(podRules),
    '## What it does like a real cluster',
    `${countBehaviours()} behaviours, each shown by a test on both servers:`,
    ...Object.values(AREAS).flatMap(({ title, behaviours }) => [`### ${title}`, bullets(Object.keys(behaviours))]),
    '## Where kubectl prints the same',
    'These commands of stock kubectl print the same on both servers, but for names, hashes, ages and addresses:',
    ...STORIES.flatMap(({ title, steps }) => [`### ${capitalised(title)}`, commands(steps)]),
    '## What it does not do',
    'Refused with a clear message; a real server does it:',
    table(
      ['What', 'Answer'],
      REFUSALS.map(({ what, code, message }) => [what, `${code}: ${message}`]),
    ),
    '## What it does not check',
    'Accepted by the sandbox, refused by a real server:',
    table(
      ['What', 'A real server answers'],
      LENIENCIES.map(({ what, code }) => [what, String(code)]),
    ),
    '## What it shows in less detail',
    bullets(SIMPLER),
    '## What the real server taught',
    'The comparison corrected the sandbox, or what we believed about Kubernetes, in each of these:',
    bullets(LESSONS),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

const INTRODUCTION = `A small Kubernetes cluster in memory: an API server over real HTTP, its controllers, and pods that behave by rules.
\`npm run demo\` starts one, and the tests start many; stock \`kubectl\` works on it. It knows nothing of the engine.

Being our own, it proves little by itself. So one contract suite runs against it and against a real control plane
(kube-apiserver and kube-controller-manager 1.36.1 with etcd, in \`test/contract/\`), and a list of kubectl commands must
print the same on both. This page is written from that contract: \`vitest run --project main test/sandbox/sandbox-page.test.ts -u\`
writes it anew, and the same test fails when it is out of date.`;

function countBehaviours(): number {
  return Object.values(AREAS).reduce((sum, { behaviours }) => sum + Object.keys(behaviours).length, 0);
}

/** The comment's paragraphs without their margin: a table, and words around it. */
function podBehaviours(source: string): string {
  const comment = /\/\*\*\n([\s\S]*?)\n \*\//.exec(source)?.[1] ?? '';
  return comment.replaceAll(/^ \* ?/gm, '').trim();
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

/** Each command once, as it is typed. */
function commands(steps: Story['steps']): string {
  const typed = steps.map((step) => `kubectl ${typeof step === 'string' ? step : step.kubectl}`);
  return ['```', ...new Set(typed), '```'].join('\n');
}

function capitalised(title: string): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
