/**
 * A Deployment and its controller as a value and pure steps, for tests that try very many orders of events. What a
 * version does is in its name: `bad` crashes, `never` does not start, anything else comes up.
 */

import type { JsonPatchOperation } from '../../src/cluster/cluster.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import type { RolloutLook } from '../../src/rollout/facts.ts';
import { complete, crashLooping, deployment, exit, pod, replicaSet, running, waiting } from './rollout-objects.ts';

export interface DeploymentModel {
  readonly uid: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly image: string;
  readonly manager: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly paused: boolean;
  /** The newest ReplicaSet. */
  readonly revision: number;
  readonly setImage: string;
  /** Whether its pods are available and all others gone. */
  readonly done: boolean;
}

export const REPOSITORY = 'registry.example/web';
const OURS = 'deployment-k8s-engine';
const REVISION = 'deployment.kubernetes.io/revision';

export function newDeployment(uid: string): DeploymentModel {
  const image = `${REPOSITORY}:base`;
  return {
    uid,
    generation: 1,
    observedGeneration: 1,
    image,
    manager: 'kubectl',
    annotations: {},
    paused: false,
    revision: 1,
    setImage: image,
    done: true,
  };
}

/** The controller's next step. */
export function control(model: DeploymentModel): DeploymentModel {
  if (model.observedGeneration < model.generation) {
    const observed = { ...model, observedGeneration: model.generation };
    if (model.paused || model.image === model.setImage) return observed;
    const revision = model.revision + 1;
    const annotations = { ...model.annotations, [REVISION]: String(revision) };
    return { ...observed, revision, annotations, setImage: model.image, done: false };
  }
  if (model.paused) return model;
  if (model.image !== model.setImage) return control({ ...model, observedGeneration: model.generation - 1 });
  return model.done || !comesUp(model.image) ? model : { ...model, done: true };
}

function comesUp(image: string): boolean {
  return !/:(?:bad|never)/.test(image);
}

/** Whether the newest rollout is truly complete. */
export function isComplete(model: DeploymentModel): boolean {
  return model.done && model.setImage === model.image && model.observedGeneration === model.generation;
}

export function setByOthers(model: DeploymentModel, image: string): DeploymentModel {
  return { ...changed(model, image), manager: 'kubectl' };
}

/** Undefined when a `test` fails. */
export function patched(model: DeploymentModel, patch: readonly JsonPatchOperation[]): DeploymentModel | undefined {
  let result = model;
  for (const { op, path, value } of patch) {
    if (op === 'test') {
      if (valueAt(model, path) !== value) return undefined;
    } else if (path === '/metadata/annotations') {
      result = { ...result, annotations: texts(value) };
    } else if (path.startsWith('/metadata/annotations/')) {
      result = { ...result, annotations: { ...result.annotations, [keyOf(path)]: String(value) } };
    } else if (path === '/spec/template/spec/containers/0/image') {
      result = { ...changed(result, String(value)), manager: OURS };
    } else {
      throw new Error(`the model knows no ${op} of ${path}`);
    }
  }
  return result;
}

function valueAt(model: DeploymentModel, path: string): unknown {
  if (path === '/metadata/uid') return model.uid;
  if (path === '/metadata/generation') return model.generation;
  if (path === '/spec/template/spec/containers/0/name') return 'web';
  if (path === '/metadata/annotations') return Object.keys(model.annotations).length === 0 ? null : model.annotations;
  if (path.startsWith('/metadata/annotations/')) return model.annotations[keyOf(path)] ?? null;
  throw new Error(`the model knows no ${path}`);
}

function keyOf(path: string): string {
  return path.slice('/metadata/annotations/'.length).replaceAll('~1', '/').replaceAll('~0', '~');
}

function texts(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(value ?? {}).map(([key, text]) => [key, String(text)]));
}

function changed(model: DeploymentModel, image: string): DeploymentModel {
  return image === model.image ? model : { ...model, image, generation: model.generation + 1 };
}

/** What a GET or a watch shows: the counters are those of the last generation the controller has looked at. */
export function viewOf(model: DeploymentModel): DeploymentView {
  const { uid, generation, observedGeneration, annotations, paused, image, manager, done } = model;
  const isNewest = model.setImage === image || observedGeneration < generation;
  const counters = done ? complete(1, isNewest ? {} : { updatedReplicas: 0 }) : {};
  return deployment({
    ...counters,
    uid,
    resourceVersion: `${generation}-${observedGeneration}-${done}`,
    generation,
    observedGeneration,
    annotations,
    paused,
    containers: [{ name: 'web', image }],
    templateManager: manager,
  });
}

/** The newest ReplicaSet and its pod. */
export function lookOf(model: DeploymentModel): RolloutLook {
  const { uid, revision, setImage, done } = model;
  const set = replicaSet(revision, setImage, { uid: `${uid}-${revision}`, ownerUid: uid });
  const state = done ? running() : /:bad/.test(setImage) ? crashLooping(exit(1), 3) : waiting('ContainerCreating');
  return { replicaSets: [set], pods: [pod(state, { ownerUid: set.uid, uid: `${set.uid}-pod` })] };
}
