import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { AREAS } from '../contract/behaviours.ts';
import { sandboxPage } from '../contract/sandbox-page.ts';

const ROOT = resolve(import.meta.dirname, '../..');

test('docs/sandbox.md says what the contract says', async () => {
  const page = sandboxPage(readFileSync(join(ROOT, 'src/sandbox/pod-rules.ts'), 'utf8'));

  await expect(page).toMatchFileSnapshot(join(ROOT, 'docs/sandbox.md'));
});

test('the contract holds at least 120 behaviours, no two of one name in an area', () => {
  const names = Object.values(AREAS).flatMap(({ title, behaviours }) =>
    Object.keys(behaviours).map((name) => `${title}: ${name}`),
  );

  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(120);
});

test('every area of the contract has its test file', () => {
  const files = new Set(readdirSync(join(ROOT, 'test/contract')));

  expect(Object.keys(AREAS).filter((area) => !files.has(`${area}.test.ts`))).toEqual([]);
});
