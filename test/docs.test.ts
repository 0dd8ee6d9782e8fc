/** Documentation that could differ from the code is compared with it here. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { helpText } from '../src/cli/help.ts';
import { VARIABLES } from '../src/config.ts';
import type { EngineStateEvent, TargetEvent } from '../src/domain/event.ts';
import type { Block, Phase } from '../src/domain/record.ts';
import { slackMessage } from '../src/notify/message.ts';

const ROOT = resolve(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const packageJson: { readonly scripts: Readonly<Record<string, string>>; readonly version: string } = JSON.parse(
  read('package.json'),
);

describe('.env.example', () => {
  test('holds every variable with its meaning and default, in order, and nothing else', () => {
    const expected = VARIABLES.map(({ name, meaning, fallback }) => `# ${meaning}\n#${name}=${fallback}`);

    expect(read('.env.example').trim().split('\n\n').slice(1)).toEqual(expected);
  });
});

describe('README.md', () => {
  test('its table of variables is the code’s', () => {
    const rows = read('README.md').match(/^\| `[A-Z_]+` \|.*$/gm);

    expect(rows).toEqual(
      VARIABLES.map(
        ({ name, meaning, fallback }) => `| \`${name}\` | ${meaning} | ${fallback === '' ? '–' : `\`${fallback}\``} |`,
      ),
    );
  });

  test('every npm command it names exists', () => {
    const named = [...read('README.md').matchAll(/(?:^|`)npm (?:run )?(-s )?([a-z][a-z:-]*)/gm)].map(
      ([, , name = '']) => name,
    );
    const builtIn = new Set(['ci', 'install', 'pack', 'rebuild', 'link', 'run']);

    expect(named.filter((name) => packageJson.scripts[name] === undefined && !builtIn.has(name))).toEqual([]);
    expect(named).toContain('demo');
    expect(named).toContain('test');
  });

  test('every dke command it names is one of --help’s', () => {
    const named = [...read('README.md').matchAll(/^(?:\$ )?dke ([a-z]+)/gm)].map(([, name = '']) => name);
    const known = [...helpText().matchAll(/^ {2}dke (?:\[)?([a-z]+)/gm)].map(([, name = '']) => name);

    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test.each(['README.md', 'docs/architecture.md', 'docs/runbook.md', 'CONTRIBUTING.md', 'deps/README.md'])(
    'files that %s links to exist',
    (page) => {
      const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);

      expect(links.filter((path) => !existsSync(join(ROOT, page, '..', path)))).toEqual([]);
    },
  );
});

describe('docs/runbook.md', () => {
  const firstCells = [...read('docs/runbook.md').matchAll(/^\| (?!-)([^|]+) \|/gm)].map(([, cell = '']) => cell);
  /** The types of these break the build when a kind is missing. */
  const phases: Readonly<Record<Phase, true>> = {
    'rolling-out': true,
    succeeded: true,
    failed: true,
    'timed-out': true,
    superseded: true,
    refused: true,
    blocked: true,
    overridden: true,
    'rolled-back': true,
    'rollback-failed': true,
  };
  const blocks: Readonly<Record<Block, true>> = {
    'no-deployment': true,
    'namespace-terminating': true,
    paused: true,
    forbidden: true,
  };
  const news: Readonly<Record<Exclude<TargetEvent['what'], Phase | 'started' | 'progress'>, true>> = {
    stalled: true,
    recovered: true,
    'crashed-later': true,
    drifted: true,
    flapping: true,
  };
  const troubles: readonly EngineStateEvent['what'][] = ['cluster-unreachable', 'directory-degraded', 'state-unsaved'];

  test('says what to do about every phase and every obstacle', () => {
    const named = Object.keys({ ...phases, ...blocks }).map((name) => `\`${name}\``);

    expect(named.filter((name) => !firstCells.includes(name))).toEqual([]);
  });

  test('says what to do about everything else that Slack is told', () => {
    const facts = { id: '', summary: '', at: 0 };
    const target = { ...facts, service: 'web', namespace: 'prod', version: '', image: '', cause: '', evidence: [] };
    const events = [
      ...Object.keys(news).map((what) => ({ ...target, kind: 'target' as const, what: what as keyof typeof news })),
      ...troubles.map((what) => ({ ...facts, kind: 'engine' as const, what })),
    ];
    const titles = events.map((event) => slackMessage(event)?.attachments[0]?.title.replace(/^\S+ /, ''));

    expect(titles.filter((title) => !firstCells.includes(title ?? ''))).toEqual([]);
  });
});

describe('CHANGELOG.md', () => {
  test('names the version of package.json', () => {
    expect(read('CHANGELOG.md')).toContain(`## ${packageJson.version}`);
  });
});
