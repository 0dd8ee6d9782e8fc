import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { type OpensshServer, SSHD, startOpensshServer } from '../support/openssh-server.ts';
import { requireTool } from '../support/required-tool.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { startStage } from './control-plane-stage.ts';

const SERVICES = ['web', 'api', 'job', 'mail', 'shop'];
const ROUNDS = 20;

/** Longer and shorter than the one before, with and without a newline: what an overwrite in place mixes up. */
function contentOf(round: number): string {
  const version = round % 2 === 0 ? `1.${round}` : `v1.${round}.${'0'.repeat(round)}`;
  return round % 3 === 0 ? version : `${version}\n`;
}

describe.runIf(requireTool(SSHD, 'scp', 'sftp'))('through a real OpenSSH server', () => {
  test.each([
    ['scp', []],
    ['scp -O', ['-O']],
  ] as const)('a hundred overwrites by %s deploy only what was written, and the last of it', async (_, options) => {
    await using stage = await startStage();
    await using sshd = await startOpensshServer();
    await using uploads = await createTempDir();
    for (const service of SERVICES) await stage.deployments.create(service, { replicas: 0, untilAvailable: false });

    for (let round = 1; round <= ROUNDS; round += 1) await upload(stage, sshd, uploads.path, round, options);

    for (const service of SERVICES) {
      const content = contentOf(ROUNDS);
      expect(await stage.concluded(service, content)).toMatchObject({ phase: 'succeeded', version: content.trim() });
      const written = Array.from({ length: ROUNDS }, (__, index) => `nginx:${contentOf(index + 1).trim()}`);
      const deployed = (await stage.deployments.images(service)).slice(1);
      expect(written).toEqual(expect.arrayContaining([...deployed]));
    }
  });
});

async function upload(
  stage: Stage,
  sshd: OpensshServer,
  folder: string,
  round: number,
  options: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = SERVICES.map((service) => join(folder, stage.file(service, 'dep')));
  await Promise.all(files.map((file) => writeFile(file, contentOf(round))));
  await sshd.scp(files, stage.deps, options);
}
