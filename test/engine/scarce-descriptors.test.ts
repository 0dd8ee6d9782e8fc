import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { requireTool } from '../support/required-tool.ts';
import { startStage } from './engine-stage.ts';

test.runIf(requireTool('prlimit'))(
  'with too few file descriptors every version is deployed and told once',
  async () => {
    await using stage = await startStage();
    const services = Array.from({ length: 40 }, (_, index) => `web-${index}`);
    for (const service of services) await stage.deployments.create(service, { replicas: 0, untilAvailable: false });
    for (const service of services) await stage.deploy(service, '1.0\n');
    expect(spawnSync('prlimit', ['--pid', `${stage.engine.pid}`, '--nofile=34:34']).status).toBe(0);

    await Promise.all(services.map((service) => stage.write(service, '2.0\n')));

    for (const service of services) await stage.concluded(service, '2.0\n', { timeoutMs: 40_000 });
    const successes = () =>
      stage
        .output()
        .split('\n')
        .filter((line) => line.includes('2.0 succeeded'));
    await eventually(() => successes().length >= services.length);
    expect(successes()).toHaveLength(services.length);
    expect(stage.output()).toContain('EMFILE');
    expect(stage.output()).not.toContain('the cluster decides');
    for (const service of services) expect(await stage.deployments.templateChanges(service)).toBe(1);
  },
);
