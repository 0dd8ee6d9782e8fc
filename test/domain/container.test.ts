import { describe, expect, test } from 'vitest';
import { chooseContainer } from '../../src/domain/container.ts';

const sidecar = { name: 'envoy', image: 'docker.io/envoyproxy/envoy:v1.30' };
const app = { name: 'app', image: 'registry.example/team/web:1.24.0' };
const web = { name: 'web', image: 'registry.example/other:1' };

describe('the container a dep file means', () => {
  test.each([
    ['is the one its line names', [sidecar, web, app], { container: 'app' }, 2],
    ['is the one its line names, before the one named like the service', [web, app], { container: 'app' }, 1],
    ['is the one named like the service', [sidecar, app, web], {}, 2],
    [
      'is the one named like the service, before the one with the repository',
      [app, web],
      { image: 'registry.example/team/web:2' },
      1,
    ],
    ['is the only one', [sidecar], {}, 0],
    ['is the only one, whatever it runs', [sidecar], { image: 'registry.example/team/web:2' }, 0],
    ['is the one that runs the repository', [sidecar, app], { image: 'registry.example/team/web:1.25.0' }, 1],
    [
      'is found by repository with a digest too',
      [sidecar, app],
      { image: `registry.example/team/web@sha256:${'a'.repeat(64)}` },
      1,
    ],
  ])('%s', (_rule, containers, wanted, index) => {
    expect(chooseContainer(containers, { service: 'web', ...wanted })).toEqual({
      kind: 'container',
      index,
      container: containers[index],
    });
  });

  test.each([
    [
      'a line that names none of them',
      [sidecar, app],
      { container: 'api' },
      /no container is named "api"; there are: envoy, app/,
    ],
    ['a line that names none, though there is only one', [app], { container: 'api' }, /there are: app/],
    [
      'several, and no rule tells which',
      [sidecar, app],
      {},
      /several containers could be meant: envoy, app; add a line/,
    ],
    [
      'two that run the repository',
      [app, { ...app, name: 'worker' }],
      { image: 'registry.example/team/web:2' },
      /app, worker/,
    ],
    ['another repository on the same registry', [sidecar, app], { image: 'registry.example/team/api:1' }, /envoy, app/],
    ['no container at all', [], {}, /no containers found in deployment web/],
    ['a running image that cannot be read', [sidecar, { name: 'app', image: 'A B' }], { image: 'x/y:1' }, /envoy, app/],
  ])('is refused: %s', (_why, containers, wanted, problem) => {
    expect(chooseContainer(containers, { service: 'web', ...wanted })).toEqual({
      kind: 'refused',
      problem: expect.stringMatching(problem),
    });
  });
});
