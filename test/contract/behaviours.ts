/** The whole contract, in the order in which docs/sandbox.md tells it; keys are the names of the test files. */
import type { Area } from './behaviour.ts';
import { access } from './behaviours/access.ts';
import { apply } from './behaviours/apply.ts';
import { deletion } from './behaviours/deletion.ts';
import { dryRun } from './behaviours/dry-run.ts';
import { generation } from './behaviours/generation.ts';
import { jsonPatches } from './behaviours/json-patch.ts';
import { namespaces } from './behaviours/namespaces.ts';
import { objects } from './behaviours/objects.ts';
import { patches } from './behaviours/patches.ts';
import { pods } from './behaviours/pods.ts';
import { revisions } from './behaviours/revisions.ts';
import { rollouts } from './behaviours/rollouts.ts';
import { selection } from './behaviours/selection.ts';
import { subresources } from './behaviours/subresources.ts';
import { validation } from './behaviours/validation.ts';
import { watch } from './behaviours/watch.ts';

export const AREAS: Readonly<Record<string, Area>> = {
  objects,
  validation,
  generation,
  'json-patch': jsonPatches,
  patches,
  apply,
  'dry-run': dryRun,
  selection,
  watch,
  subresources,
  rollouts,
  revisions,
  pods,
  deletion,
  namespaces,
  access,
};
