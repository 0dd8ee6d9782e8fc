import { tellStories } from '../../stories/tell-stories.ts';
import { startControlPlane } from '../../support/control-plane.ts';

/** A control plane of its own, because its controllers are made to stand still. */
tellStories(async () => {
  const plane = await startControlPlane();
  return Object.assign(plane, { adminToken: plane.address.adminToken, close: () => plane.stop() });
});
