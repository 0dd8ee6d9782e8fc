import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { VARIABLES } from '../../src/config.ts';
import { requireTool } from '../support/required-tool.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { ROOT } from './manifest-files.ts';

const PATH = join(ROOT, 'manifests/systemd/deployment-k8s-engine.service');
const unit = readFileSync(PATH, 'utf8');
const hasSystemd = requireTool('systemd-analyze');

const valuesOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^#?${name}=(.*)$`, 'gm'))].map((line) => line[1] ?? '');

test('wrong settings are not tried again, everything else is', () => {
  expect(valuesOf('RestartPreventExitStatus')).toEqual([String(EXIT.config)]);
  expect(valuesOf('Restart')).toEqual(['always']);
  expect(valuesOf('SuccessExitStatus')).toEqual(['130 143']);
});

test('every setting in the unit is one the engine knows, and a secret is a credential', () => {
  const settings = valuesOf('Environment').map((setting) => setting.split('=')[0]);
  const credentials = valuesOf('LoadCredential').map((credential) => credential.split(':')[0]);

  for (const name of settings) expect(VARIABLES.find((one) => one.name === name)).not.toMatchObject({ secret: true });
  for (const name of credentials) expect(VARIABLES.find((one) => one.name === name)).toMatchObject({ secret: true });
  expect([settings, credentials]).toEqual([['DEPS', 'KUBECONFIG'], ['WEBHOOK_FOR_SLACK']]);
});

test('the engine may write to the folder around the watched directory and nowhere else', () => {
  expect(valuesOf('ProtectSystem')).toEqual(['strict']);
  expect(valuesOf('ReadWritePaths')).toEqual(['/srv/deployment-k8s-engine']);
  expect(valuesOf('Environment')).toContain('DEPS=/srv/deployment-k8s-engine/deps');
});

test.skipIf(!hasSystemd)('systemd reads the unit without a complaint', async () => {
  await using folder = await createTempDir();
  const copy = folder.file('deployment-k8s-engine.service');
  // It also looks whether the program is there, and this machine's Node is somewhere else.
  writeFileSync(copy, unit.replace('/usr/bin/node', process.execPath));

  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', copy], { encoding: 'utf8' });

  expect([verified.status, verified.stderr]).toEqual([0, '']);
});

test.skipIf(!hasSystemd)('systemd rates the exposure 1.2 of 10 or better', () => {
  const rated = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=12', PATH], {
    encoding: 'utf8',
  });

  expect([rated.status, rated.stdout.match(/Overall exposure level.*/)?.[0]]).toEqual([0, expect.any(String)]);
});
