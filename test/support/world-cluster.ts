/** The cluster of the small world: a Deployment, and a network that loses, delays and repeats requests. */

import type { JsonPatchOperation } from '../../src/cluster/cluster.ts';
import { ApiError } from '../../src/domain/api-error.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import type { Fate, Happening } from './deploy-scripts.ts';
import {
  control,
  type DeploymentModel,
  isComplete,
  newDeployment,
  patched,
  setByOthers,
  viewOf,
} from './deployment-model.ts';

/** Deliberate faults in the engine's dealings with the cluster. */
export interface ClusterSabotage {
  /** Sends another patch than the one decided. */
  readonly patch?: (patch: readonly JsonPatchOperation[]) => readonly JsonPatchOperation[];
  /** Sends no patch when the image is right already. */
  readonly skipsEqual?: boolean;
  /** Sees something else than the cluster shows. */
  readonly view?: (view: DeploymentView) => DeploymentView;
}

export type ClusterHappening = Extract<
  Happening,
  { readonly kind: 'controller' | 'deliver' | 'watch' | 'pause' | 'resume' | 'recreate' | 'delete' | 'foreign' }
>;

interface Options {
  readonly fate: () => Fate;
  readonly onAccepted: (before: DeploymentModel, after: DeploymentModel) => void;
  readonly sabotage: ClusterSabotage;
}

export type WorldCluster = ReturnType<typeof createWorldCluster>;

export function createWorldCluster({ fate, onAccepted, sabotage }: Options) {
  const net: (readonly JsonPatchOperation[])[] = [];
  /** The newest step at which an image's rollout was complete. */
  const completions = new Map<string, number>();
  let model: DeploymentModel | undefined = newDeployment('uid-1');
  let watched: DeploymentModel | undefined = model;
  let [step, uids] = [0, 1];

  function settle(next: DeploymentModel | undefined): void {
    step += 1;
    model = next;
    noteCompletion();
  }

  function noteCompletion(): void {
    if (model !== undefined && isComplete(model)) completions.set(model.image, step);
  }

  function happen(happening: ClusterHappening): void {
    switch (happening.kind) {
      case 'deliver':
        receive(net.shift());
        break;
      case 'watch':
        watched = model;
        break;
      case 'recreate':
        uids += 1;
        settle(newDeployment(`uid-${uids}`));
        break;
      default:
        settle(model === undefined ? undefined : changedBy(happening, model));
    }
  }

  /** The API server's side of a patch: true when it was accepted. */
  function receive(patch: readonly JsonPatchOperation[] | undefined): boolean {
    const before = model;
    const after = before === undefined || patch === undefined ? undefined : patched(before, patch);
    if (before === undefined || after === undefined) return false;
    settle(after);
    onAccepted(before, after);
    return true;
  }

  function see(shown: DeploymentModel): DeploymentView {
    return sabotage.view?.(viewOf(shown)) ?? viewOf(shown);
  }

  return {
    happen,
    noteCompletion,
    get model() {
      return model;
    },
    get step() {
      return step;
    },
    get watched() {
      return watched === undefined ? undefined : { model: watched, view: see(watched) };
    },
    get hasRequestsUnderWay() {
      return net.length > 0;
    },
    /** Whether its rollout was complete at or after a step. */
    wasComplete: (image: string, since: number) => (completions.get(image) ?? -1) >= since,
    read(): DeploymentView {
      const what = fate();
      if (what === 'busy' || what === 'lost') throw new ApiError('unreachable', 'GET: no answer', {});
      if (model === undefined) throw new ApiError('not-found', 'GET: 404', { code: 404 });
      return see(model);
    },
    send(decided: readonly JsonPatchOperation[]): DeploymentView {
      if (sabotage.skipsEqual && model !== undefined && decided.some(({ value }) => value === model?.image)) {
        return see(model);
      }
      const patch = sabotage.patch?.(decided) ?? decided;
      const what = fate();
      if (what === 'busy') throw new ApiError('server', 'PATCH: 503', { code: 503 });
      if (what === 'forbidden') throw new ApiError('forbidden', 'PATCH: 403, may not patch', { code: 403 });
      if (what === 'delayed' || what === 'doubled') net.push(patch);
      if (what === 'lost' || what === 'delayed') throw new ApiError('unreachable', 'PATCH: no answer', {});
      if (model === undefined) throw new ApiError('not-found', 'PATCH: 404', { code: 404 });
      if (!receive(patch)) throw new ApiError('conflict', 'PATCH: 422, a test failed', { code: 422 });
      if (what === 'answer-lost') throw new ApiError('unreachable', 'PATCH: no answer', {});
      return see(model);
    },
  };
}

function changedBy(
  happening: Exclude<ClusterHappening, { readonly kind: 'deliver' | 'watch' | 'recreate' }>,
  model: DeploymentModel,
): DeploymentModel | undefined {
  switch (happening.kind) {
    case 'controller':
      return control(model);
    case 'pause':
    case 'resume': {
      const paused = happening.kind === 'pause';
      return model.paused === paused ? model : { ...model, paused, generation: model.generation + 1 };
    }
    case 'foreign':
      return setByOthers(model, happening.image);
    case 'delete':
      return undefined;
    default:
      return happening satisfies never;
  }
}
