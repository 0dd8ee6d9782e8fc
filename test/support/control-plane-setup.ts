/** Global set-up of vitest: one control plane for all test files of a run. */
import type { TestProject } from 'vitest/node';
import { startControlPlane } from './control-plane.ts';
import './shared-control-plane.ts';

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const plane = await startControlPlane();
  project.provide('controlPlane', plane.address);
  return () => plane.stop();
}
