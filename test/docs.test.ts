/** Documentation that could differ from the code is compared with it here. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { helpText } from '../src/cli/help.ts';
import { VARIABLES } from '../src/config.ts';

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

  test.each(['README.md', 'docs/architecture.md', 'CONTRIBUTING.md', 'deps/README.md'])(
    'files that %s links to exist',
    (page) => {
      const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);

      expect(links.filter((path) => !existsSync(join(ROOT, page, '..', path)))).toEqual([]);
    },
  );
});

describe('CHANGELOG.md', () => {
  test('names the version of package.json', () => {
    expect(read('CHANGELOG.md')).toContain(`## ${packageJson.version}`);
  });
});
