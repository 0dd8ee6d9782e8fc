/** The one control plane of a run, for test files whose vitest project has `control-plane-setup.ts` as global set-up. */
import { inject } from 'vitest';
import { type ControlPlane, type ControlPlaneAddress, connectControlPlane } from './control-plane.ts';

declare module 'vitest' {
  interface ProvidedContext {
    controlPlane: ControlPlaneAddress;
  }
}

/**
 * Other test files use it at the same time: work in a `newNamespace()`, and where the controllers must be paused, start
 * a control plane of your own.
 */
export function sharedControlPlane(): ControlPlane {
  return connectControlPlane(inject('controlPlane'));
}
