/** The stage on the real control plane that all test files of a run share. */
import { type Stage, type StageOptions, setStage } from '../support/deploy-stage.ts';
import { sharedControlPlane } from '../support/shared-control-plane.ts';

export const plane = sharedControlPlane();

export function startStage(options?: StageOptions): Promise<Stage> {
  const { url, api, newNamespace, address } = plane;
  return setStage({ url, api, newNamespace, adminToken: address.adminToken }, options);
}
