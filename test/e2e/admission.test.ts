import { expect, test } from 'vitest';
import type { Stage } from '../support/deploy-stage.ts';
import { eventually } from '../support/eventually.ts';
import { startStage } from './control-plane-stage.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';

const DEPLOYMENT_CHANGES = {
  resourceRules: [
    { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] },
  ],
};

/** Enforces a policy in the stage's namespace, and waits until it is in force. */
async function enforce(stage: Stage, kind: 'validating' | 'mutating', spec: object): Promise<AsyncDisposable> {
  const name = `${kind}-${stage.namespace}`;
  const policies = `${GROUP}/${kind}admissionpolicies`;
  const bindings = `${GROUP}/${kind}admissionpolicybindings`;
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': stage.namespace } };
  await stage.api.ask('POST', policies, {
    body: { metadata: { name }, spec: { matchConstraints: DEPLOYMENT_CHANGES, ...spec } },
  });
  await stage.api.ask('POST', bindings, {
    body: {
      metadata: { name },
      spec: {
        policyName: name,
        matchResources: { namespaceSelector },
        ...(kind === 'validating' ? { validationActions: ['Deny'] } : {}),
      },
    },
  });
  return {
    async [Symbol.asyncDispose]() {
      await stage.api.ask('DELETE', `${bindings}/${name}`);
      await stage.api.ask('DELETE', `${policies}/${name}`);
    },
  };
}

test('a version that a policy of the cluster denies fails with the words of the policy', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web');
  await using _policy = await enforce(stage, 'validating', {
    validations: [
      {
        expression: "object.spec.template.spec.containers.all(c, !c.image.contains('forbidden'))",
        message: 'images called forbidden are forbidden',
      },
    ],
  });
  await eventually(async () => !(await isAccepted(stage, 'nginx:forbidden')));

  const denied = await stage.deploy('web', '1.26.0-forbidden\n');
  const allowed = await stage.deploy('web', '1.26.0\n');

  expect(denied.phase).toBe('failed');
  expect(denied.summary).toContain('images called forbidden are forbidden');
  expect(allowed.phase).toBe('succeeded');
  expect(await stage.deployments.images('web')).toEqual(['nginx:1.0', 'nginx:1.26.0']);
});

test('a newer version that a policy forbids supersedes nothing, and the older one gets its answer', async () => {
  await using stage = await startStage();
  await stage.deployments.create('web', { podAnnotations: { 'sandbox/behaviour': 'ready after=6s' } });
  await using _policy = await enforce(stage, 'validating', {
    validations: [
      {
        expression: "object.spec.template.spec.containers.all(c, !c.image.contains('forbidden'))",
        message: 'not on a Friday',
        // Answered as 403, like a missing right.
        reason: 'Forbidden',
      },
    ],
  });
  await eventually(async () => !(await isAccepted(stage, 'nginx:forbidden')));
  await stage.write('web', '1.25.0\n');
  await eventually(async () => (await stage.deployments.templateChanges('web')) === 1);

  const denied = await stage.deploy('web', '1.26.0-forbidden\n');
  await eventually(() => stage.told('web').length === 2, { timeoutMs: 20_000 });

  expect(denied.phase).toBe('failed');
  expect(denied.summary).toContain('not on a Friday');
  expect(stage.told('web')).toMatchObject([
    { title: 'Deployment Failed', version: '1.26.0-forbidden' },
    { title: 'Deployment Successful', version: '1.25.0' },
  ]);
  expect(await stage.last('web')).toBe('1.25.0');
});

test('a version whose image the cluster rewrites succeeds, is not drift, and is not deployed again', async () => {
  await using stage = await startStage({ env: { DRIFT: 'correct' } });
  await stage.deployments.create('web');
  await stage.deployments.create('later');
  await using _policy = await enforce(stage, 'mutating', {
    reinvocationPolicy: 'Never',
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression: `
            object.spec.template.spec.containers[0].image.startsWith('mirror.example.com/') ? [] : [
              JSONPatch{op: 'replace', path: '/spec/template/spec/containers/0/image',
                value: 'mirror.example.com/' + object.spec.template.spec.containers[0].image}
            ]`,
        },
      },
    ],
  });
  await eventually(async () => (await answerTo(stage, 'nginx:1.1')).includes('mirror.example.com'));

  const answer = await stage.deploy('web', 'nginx:1.25.0\n');
  await stage.deploy('later', 'nginx:2.0.0\n');
  await eventually(() => stage.told('later').length === 1);

  expect(answer.phase).toBe('succeeded');
  expect((await stage.deployments.images('web')).at(-1)).toBe('mirror.example.com/nginx:1.25.0');
  expect(await stage.deployments.templateChanges('web')).toBe(1);
  expect(stage.told('web').map(({ title }) => title)).toEqual(['Deployment Successful']);
});

async function isAccepted(stage: Stage, image: string): Promise<boolean> {
  return !(await answerTo(stage, image)).includes('Failure');
}

/** What the API server would answer to this image, as text. */
async function answerTo(stage: Stage, image: string): Promise<string> {
  const body = { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } };
  const path = `/apis/apps/v1/namespaces/${stage.namespace}/deployments/web?dryRun=All`;
  const contentType = 'application/strategic-merge-patch+json';
  return JSON.stringify((await stage.api.request('PATCH', path, { contentType, body })).body);
}
