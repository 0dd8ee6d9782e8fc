/** A change that the API server does not take, try after try: a fault that may pass, but not one to be silent about. */
import type { ApiError } from '../domain/api-error.ts';
import type { TargetRecord } from '../domain/record.ts';
import { formatDuration } from '../rollout/words.ts';
import { subjectOf, targetEvent } from './conclusions.ts';
import type { Conclusion, Observation } from './decision.ts';

/** A restart of the API server or a busy moment is over by then, ms. */
const TOLD_AFTER_MS = 120_000;

/**
 * What is told, once, of a patch that has been tried in vain for a while; undefined when there is nothing to tell.
 * The target is tried again as before. An outage of the whole API server is told elsewhere: a patch is sent only after
 * the same pass has read the Deployment.
 */
export function stalled(
  observation: Observation,
  record: TargetRecord,
  error: ApiError,
  now: number,
): Conclusion | undefined {
  const { attempt } = record;
  const forMs = now - record.startedAt;
  // The evidence of a record that is rolling out holds nothing else, so it says whether this was told.
  const wasTold = record.evidence.length > 0;
  if (attempt === undefined || record.phase !== 'rolling-out' || wasTold || forMs < TOLD_AFTER_MS) return undefined;
  const { id, version, image } = attempt;
  const cause = `the API server has not taken the change for ${formatDuration(forMs)}: ${error.message}; it is tried again until it does`;
  const summary = `${subjectOf(observation)} ${version} waits: ${cause}`;
  return {
    kind: 'conclude',
    record: { ...record, summary, evidence: [error.message] },
    event: targetEvent(observation, { id: `${id}:stalled`, what: 'stalled', version, image, summary, cause, at: now }),
    signs: [],
  };
}
