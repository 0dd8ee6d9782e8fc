/** What supports a failure, gathered once, when it is certain: a few requests, within a few seconds, whatever is missing. */
import { type Clock, sleep } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ApiError } from '../domain/api-error.ts';
import type { Target } from '../domain/target.ts';
import type { EventView } from '../domain/workload.ts';
import {
  type ContainerLog,
  evidenceLines,
  HEAD_LINES,
  type Suspect,
  suspectsOf,
  TAIL_LINES,
  tellingLine,
} from '../rollout/evidence.ts';
import { redact } from '../rollout/redact.ts';
import type { Conclusion } from './decision.ts';

/** The conclusion with its evidence, and with the telling line of a log in its summary. Never rejects. */
export type EvidenceGatherer = (target: Target, conclusion: Conclusion) => Promise<Conclusion>;

/** A verdict must not wait longer for its evidence, ms. */
const LIMIT_MS = 4_000;
const MAX_LOG_BYTES = 64 * 1024;
/** Clocks of the cluster and of this machine may differ, ms. */
const SKEW_MS = 30_000;

/**
 * @param secrets values that must not appear in any evidence
 */
export function createEvidenceGatherer(cluster: Cluster, clock: Clock, secrets: readonly string[]): EvidenceGatherer {
  const hide = (text: string) => redact(text, secrets);

  return async (target, conclusion) => {
    const { signs, record } = conclusion;
    if (signs.length === 0 || record.attempt === undefined) return conclusion;
    const missingRights = new Set<string>();
    const ask = <T>(right: string, call: Promise<T>, otherwise: T): Promise<T> =>
      Promise.race([call, sleep(clock, LIMIT_MS).then(() => otherwise)]).catch((error: unknown) => {
        // Evidence is a service: without it the verdict stands, and the pass's own calls tell of an unreachable server.
        if (!(error instanceof ApiError)) throw error;
        if (error.kind === 'forbidden') missingRights.add(right);
        return otherwise;
      });

    const { namespace } = target;
    const since = record.attempt.startedAt - SKEW_MS;
    const suspects = suspectsOf(signs);
    const pods = signs.flatMap(({ pod }) => (pod === undefined ? [] : [pod]));
    const uids = [...new Set([record.attempt.uid ?? '', ...pods.flatMap((pod) => [pod.uid, pod.ownerUid])])];
    const [events, logs] = await Promise.all([
      ask(`list events in ${namespace}`, warningsSince(cluster, namespace, uids, since), []),
      Promise.all(
        suspects.map((suspect) => ask(`get pods/log in ${namespace}`, readLog(cluster, namespace, suspect), undefined)),
      ),
    ]);
    const found = logs.filter((log) => log !== undefined);
    const lines = evidenceLines({
      attempt: record.attempt,
      namespace,
      signs,
      events,
      logs: found,
      missingRights: [...missingRights],
    });
    const [first] = found;
    return withEvidence(conclusion, lines.map(hide), first === undefined ? undefined : tellingLine(first.tail), hide);
  };
}

/** The quoted line goes to the end of the cause, and so into everything that is told. */
function withEvidence(
  conclusion: Conclusion,
  evidence: readonly string[],
  quoted: string | undefined,
  hide: (text: string) => string,
): Conclusion {
  const { event, record } = conclusion;
  const said = (text: string) => hide(quoted === undefined ? text : `${text}: "${quoted}"`);
  const summary = said(event.summary);
  const [newest, ...older] = record.past;
  const isAnswer = record.summary === event.summary;
  return {
    ...conclusion,
    event: { ...event, summary, cause: said(event.cause), evidence },
    record: {
      ...record,
      ...(isAnswer ? { summary, evidence } : {}),
      past: newest?.summary === event.summary ? [{ ...newest, summary }, ...older] : record.past,
    },
  };
}

async function warningsSince(
  cluster: Cluster,
  namespace: string,
  uids: readonly string[],
  since: number,
): Promise<readonly EventView[]> {
  const events = await cluster.listEvents(namespace, uids);
  return events.filter((event) => event.type === 'Warning' && event.lastAt >= since);
}

/** The run that crashed: the previous one where the container was restarted, else the present one. */
async function readLog(cluster: Cluster, namespace: string, suspect: Suspect): Promise<ContainerLog> {
  const { pod, container } = suspect;
  const read = async (previous: boolean): Promise<ContainerLog> => {
    const limitBytes = MAX_LOG_BYTES;
    const tail = await cluster.readLogs(namespace, pod.name, container.name, {
      previous,
      tailLines: TAIL_LINES,
      limitBytes,
    });
    if (tail.length < TAIL_LINES) return { suspect, previous, head: [], tail };
    const start = await cluster.readLogs(namespace, pod.name, container.name, {
      previous,
      limitBytes: MAX_LOG_BYTES / 8,
    });
    return { suspect, previous, head: start.slice(0, HEAD_LINES), tail };
  };
  if (container.restartCount === 0) return read(false);
  try {
    const previous = await read(true);
    if (previous.tail.length > 0) return previous;
  } catch (error) {
    // The kubelet drops a dead container's log after a while; the present run may say the same.
    if (!(error instanceof ApiError) || error.kind === 'forbidden') throw error;
  }
  return read(false);
}
