/** Stages on a real control plane: on the one that all test files of a run share, or on one of the file's own. */
import type { ControlPlane } from '../support/control-plane.ts';
import { type Stage, type StageOptions, setStage } from '../support/deploy-stage.ts';
import { sharedControlPlane } from '../support/shared-control-plane.ts';

export const plane = sharedControlPlane();

export function startStage(options?: StageOptions): Promise<Stage> {
  return startStageOn(plane, options);
}

export function startStageOn(
  { url, api, newNamespace, address }: ControlPlane,
  options?: StageOptions,
): Promise<Stage> {
  return setStage({ url, api, newNamespace, adminToken: address.adminToken }, options);
}
