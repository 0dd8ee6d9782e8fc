import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { requireTool } from '../support/required-tool.ts';
import { startStage } from './control-plane-stage.ts';

/** From now on the engine can write no byte to any file, as on a full disk; its output is a pipe, and goes on. */
function setDiskFull(stage: Stage, isFull: boolean): void {
  const limit = isFull ? '0:unlimited' : 'unlimited:unlimited';
  expect(spawnSync('prlimit', ['--pid', `${stage.engine.pid}`, `--fsize=${limit}`]).status).toBe(0);
}

const runs = async (stage: Stage, image: string) => (await stage.deployments.images('web')).at(-1) === image;

describe.runIf(requireTool('prlimit'))('with a full disk', () => {
  test('deployments go on, it is told once that nothing is saved, and once that it is again', async () => {
    await using stage = await startStage();
    await stage.deployments.create('web');
    await stage.deploy('web', '1.25.0\n');

    setDiskFull(stage, true);
    await stage.write('web', '1.26.0-missing\n');
    await eventually(() => stage.told('web').length === 2);
    await stage.write('web', '1.26.0\n');
    await eventually(() => stage.told('web').length === 3);
    const savedMeanwhile = await stage.status('web');
    setDiskFull(stage, false);
    const answer = await stage.deploy('web', '1.27.0\n');

    expect(savedMeanwhile).toMatchObject({ version: '1.25.0', phase: 'succeeded' });
    expect(answer.phase).toBe('succeeded');
    expect(await stage.last('web')).toBe('1.27.0');
    await eventually(() => stage.told('web').length === 4);
    const states = stage.told().filter(({ title }) => title.startsWith('State'));
    expect(states.map(({ title }) => title)).toEqual(['State Not Saved', 'State Saved Again']);
  });

  test('a restart learns from the cluster what could not be saved, and rolls nothing out again', async () => {
    await using stage = await startStage();
    await stage.deployments.create('web');
    await stage.deploy('web', '1.25.0\n');
    setDiskFull(stage, true);
    await stage.write('web', '1.26.0\n');
    await eventually(() => runs(stage, 'nginx:1.26.0'));
    await stage.engine.kill();

    await stage.startEngine();

    expect(await stage.concluded('web', '1.26.0\n')).toMatchObject({ phase: 'succeeded' });
    expect(await stage.last('web')).toBe('1.26.0');
    expect(await stage.deployments.templateChanges('web')).toBe(2);
  });
});
