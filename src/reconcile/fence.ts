/**
 * The fence: the JSON Patch that changes the image only if nothing of ours, and no template change of anybody, happened
 * since the Deployment was read.
 *
 * The order GET the Deployment, read the file again, send this patch is what keeps an older version from going over a
 * newer one: if the patch is accepted, nothing of ours was accepted since the GET, so whatever was applied before it
 * was in the file before it was read again. A delayed or repeated request meets another attempt and generation and is
 * refused. It is sent even when the image is right already, because it must move the attempt (docs/decisions/0002).
 */
import type { JsonPatchOperation } from '../cluster/cluster.ts';
import type { PendingAttempt } from '../domain/record.ts';
import { ATTEMPT_ANNOTATION, CHANGE_CAUSE_ANNOTATION, VERSION_ANNOTATION } from '../domain/signature.ts';
import type { DeploymentView } from '../domain/workload.ts';

/**
 * The patch for one attempt.
 *
 * @param deployment as the GET of this very pass returned it
 * @param index the container's place in the pod template, whose name is tested
 */
export function fencedPatch(
  deployment: DeploymentView,
  index: number,
  attempt: PendingAttempt,
): readonly JsonPatchOperation[] {
  const container = `/spec/template/spec/containers/${index}`;
  const annotations = {
    [ATTEMPT_ANNOTATION]: attempt.id,
    [VERSION_ANNOTATION]: attempt.version,
    [CHANGE_CAUSE_ANNOTATION]: changeCause(attempt),
  };
  return [
    { op: 'test', path: '/metadata/uid', value: deployment.uid },
    { op: 'test', path: '/metadata/generation', value: deployment.generation },
    { op: 'test', path: `${container}/name`, value: attempt.container },
    ...annotationOperations(deployment.annotations, annotations),
    { op: 'replace', path: `${container}/image`, value: attempt.image },
  ];
}

function annotationOperations(
  present: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): readonly JsonPatchOperation[] {
  // A Deployment that no controller and no kubectl has touched has no annotations map to add to.
  if (Object.keys(present).length === 0) {
    return [
      { op: 'test', path: '/metadata/annotations', value: null },
      { op: 'add', path: '/metadata/annotations', value: wanted },
    ];
  }
  const attemptPath = `/metadata/annotations/${escapePointer(ATTEMPT_ANNOTATION)}`;
  return [
    // The API server lets a `test` of a missing path against null pass.
    { op: 'test', path: attemptPath, value: present[ATTEMPT_ANNOTATION] ?? null },
    ...Object.entries(wanted).map(([name, value]) => ({
      op: 'add' as const,
      path: `/metadata/annotations/${escapePointer(name)}`,
      value,
    })),
  ];
}

function changeCause(attempt: PendingAttempt): string {
  switch (attempt.kind) {
    case 'deploy':
      return `deployment-k8s-engine: ${attempt.version}`;
    case 'rollback':
      return `deployment-k8s-engine: rolled back to ${attempt.version}`;
    case 'correct-drift':
      return `deployment-k8s-engine: ${attempt.version} again, after a change made outside`;
    default:
      return attempt.kind satisfies never;
  }
}

/** RFC 6901. */
function escapePointer(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
