import { describe, expect, test } from 'vitest';
import type { FaultTarget } from '../../../src/sandbox/faults.ts';
import { textAt } from '../../support/json.ts';
import { CONFIG_MAPS, startSandboxStage } from '../../support/sandbox-stage.ts';

const isCreate = ({ method }: FaultTarget) => method === 'POST';
const body = { metadata: { name: 'a' } };

describe('a fault', () => {
  test('refuses with Retry-After as often as it is told, and then no more', async () => {
    await using stage = await startSandboxStage();
    const { api, sandbox } = stage;
    const effect = { kind: 'refuse', code: 429, retryAfterSeconds: 2 } as const;
    sandbox.faults.add({ match: isCreate, effect, times: 1 });

    const refused = await api.request('POST', CONFIG_MAPS, { body });
    const accepted = await api.request('POST', CONFIG_MAPS, { body });

    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2']);
    expect(textAt(refused.body, 'reason')).toBe('TooManyRequests');
    expect(accepted.status).toBe(201);
  });

  test('drops a connection before anything is done', async () => {
    await using stage = await startSandboxStage();
    const remove = stage.sandbox.faults.add({ match: isCreate, effect: { kind: 'drop' } });

    await expect(stage.api.request('POST', CONFIG_MAPS, { body })).rejects.toThrow();
    remove();

    expect((await stage.api.request('POST', CONFIG_MAPS, { body })).status).toBe(201);
  });

  test('loses the reply to what was done', async () => {
    await using stage = await startSandboxStage();
    stage.sandbox.faults.add({ match: isCreate, effect: { kind: 'lose-reply' } });

    await expect(stage.api.request('POST', CONFIG_MAPS, { body })).rejects.toThrow();

    expect(stage.sandbox.store.get('configmaps', 'default', 'a')).toBeDefined();
  });

  test('holds a request until it is taken away, while others pass', async () => {
    await using stage = await startSandboxStage();
    const release = stage.sandbox.faults.add({ match: isCreate, effect: { kind: 'hold' } });

    const held = stage.api.request('POST', CONFIG_MAPS, { body });
    const other = await stage.api.request('GET', CONFIG_MAPS);
    expect(stage.sandbox.store.get('configmaps', 'default', 'a')).toBeUndefined();
    release();

    expect([other.status, (await held).status]).toEqual([200, 201]);
  });
});
