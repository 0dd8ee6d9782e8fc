/** Who may import whom (docs/architecture.md); read from the import lines, so a drawn picture cannot differ from the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

interface Room {
  /** Rooms whose code may be imported. */
  readonly imports: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly types?: readonly string[];
  readonly npm?: readonly string[];
  /** Rooms whose code may be imported by the files of this room whose path begins so. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
}

const ROOMS: Readonly<Record<string, Room>> = {
  domain: { imports: [] },
  clock: { imports: [] },
  'setting-values': { imports: ['domain'] },
  config: { imports: ['setting-values'] },
  'line-output': { imports: [] },
  log: { imports: ['line-output'], npm: ['pino', 'pino-pretty'] },
  report: { imports: ['domain'], types: ['log'] },
  intake: { imports: ['domain', 'clock'], npm: ['chokidar'] },
  queue: { imports: ['domain', 'clock'], npm: ['p-queue', 'async-mutex'] },
  cluster: { imports: ['domain', 'clock'], npm: ['@kubernetes/client-node', 'undici'] },
  rollout: { imports: ['domain'] },
  state: { imports: ['domain'], types: ['clock'] },
  reconcile: { imports: ['domain', 'clock', 'rollout'], types: ['cluster', 'state'] },
  notify: { imports: ['domain', 'clock'], types: ['state'], npm: ['@slack/webhook'] },
  sandbox: { imports: [] },
  engine: {
    imports: ['domain', 'clock', 'report', 'intake', 'queue', 'reconcile', 'state', 'notify', 'cluster'],
    types: ['config', 'log'],
  },
  cli: {
    imports: ['clock', 'config', 'log', 'engine', 'state', 'cluster'],
    npm: ['dotenv'],
    only: { 'cli/demo': ['sandbox'] },
  },
  main: { imports: ['cli'] },
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  const lazy = text.matchAll(/\bimport\('([^']+)'\)/g);
  return [
    ...[...statements].map(([, type, from = '']) => ({ file, from, typeOnly: type !== undefined })),
    ...[...lazy].map(([, from = '']) => ({ file, from, typeOnly: false })),
  ];
}

/** The first folder below src, or the file's own name at the top. */
function roomOf(file: string): string {
  return (file.split('/')[0] ?? '').replace(/\.ts$/, '');
}

function problemOf({ file, from, typeOnly }: Import): string | undefined {
  const room = roomOf(file);
  const rules = ROOMS[room];
  if (rules === undefined) return `${file}: the room "${room}" is not in the table`;
  if (from.startsWith('node:')) return undefined;
  if (!from.startsWith('.')) {
    return (rules.npm ?? []).includes(from) ? undefined : `${file}: may not import the package ${from}`;
  }
  const target = relative(SRC, resolve(SRC, file, '..', from));
  if (target === '../package.json') return file === 'cli/version.ts' ? undefined : `${file}: may not read package.json`;
  const other = roomOf(target);
  const special = Object.entries(rules.only ?? {}).some(
    ([path, rooms]) => file.startsWith(path) && rooms.includes(other),
  );
  const allowed = [room, ...rules.imports, ...(typeOnly ? (rules.types ?? []) : [])];
  if (allowed.includes(other) || special) return undefined;
  return `${file}: may not import ${typeOnly ? 'types of' : 'code of'} ${other} (${from})`;
}

describe('the import table', () => {
  test('every import is allowed by it', () => {
    const problems = files
      .flatMap(importsOf)
      .map(problemOf)
      .filter((problem) => problem !== undefined);

    expect(problems).toEqual([]);
  });

  test('everything it allows is needed', () => {
    const needed = new Set(
      files.flatMap(importsOf).map(({ file, from }) => {
        const target = from.startsWith('.') ? roomOf(relative(SRC, resolve(SRC, file, '..', from))) : from;
        return `${roomOf(file)} → ${target}`;
      }),
    );
    const allowed = Object.entries(ROOMS).flatMap(([room, { imports, types = [], npm = [], only = {} }]) =>
      [...imports, ...types, ...npm, ...Object.values(only).flat()].map((other) => `${room} → ${other}`),
    );

    expect(allowed.filter((pair) => !needed.has(pair))).toEqual([]);
  });

  test('it finds imports at all', () => {
    expect(files.flatMap(importsOf).length).toBeGreaterThan(100);
  });

  test('only the process edge touches the process', () => {
    const touching = files.filter((file) => {
      const code = readFileSync(join(SRC, file), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
      return /\bprocess\.(?:exit|on|once|env|argv|stdin|stdout|stderr)\b|'(?:node:)?process'/.test(code);
    });

    expect(touching).toEqual(['main.ts']);
  });
});
