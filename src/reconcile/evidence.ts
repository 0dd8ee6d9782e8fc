/** What supports a failure, gathered once, when it is certain. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Target } from '../domain/target.ts';
import type { Conclusion } from './decision.ts';

/** Lines of evidence for a conclusion; empty where there is nothing to add. Never rejects for a missing right. */
export type EvidenceGatherer = (target: Target, conclusion: Conclusion) => Promise<readonly string[]>;

export function createEvidenceGatherer(_cluster: Cluster): EvidenceGatherer {
  return async (_target, conclusion) => conclusion.signs.map((sign) => sign.cause);
}
