/** What supports a failure, gathered once, when it is certain: a few requests, within a few seconds, whatever is missing. */
import { type Clock, sleep } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Observer } from '../cluster/observer.ts';
import { ApiError } from '../domain/api-error.ts';
import type { Attempt } from '../domain/record.ts';
import { redact, redactLines } from '../domain/redact.ts';
import type { Target } from '../domain/target.ts';
import type { EventView } from '../domain/workload.ts';
import {
  type ContainerLog,
  evidenceLines,
  groupSigns,
  HEAD_LINES,
  quoteOf,
  type Suspect,
  suspectsOf,
  TAIL_LINES,
} from '../rollout/evidence.ts';
import type { FailureSign } from '../rollout/failure-signs.ts';
import type { Conclusion } from './decision.ts';

/** The conclusion with its evidence, and with the telling line of a log in its summary. No `ApiError` gets through. */
export type EvidenceGatherer = (target: Target, conclusion: Conclusion) => Promise<Conclusion>;

/** A verdict must not wait longer for its evidence, ms. */
const LIMIT_MS = 4_000;
const MAX_LOG_BYTES = 64 * 1024;
/** Clocks of the cluster and of this machine may differ, ms. */
const SKEW_MS = 30_000;

export interface EvidenceSources {
  readonly cluster: Pick<Cluster, 'listEvents' | 'readLogs'>;
  readonly observer: Pick<Observer, 'rollout'>;
  readonly clock: Clock;
  /** Values that must not appear in any evidence. */
  readonly secrets: readonly string[];
}

export function createEvidenceGatherer({ cluster, observer, clock, secrets }: EvidenceSources): EvidenceGatherer {
  const hide = (text: string) => redact(text, secrets);
  const hideLines = (lines: readonly string[]) => redactLines(lines, secrets);

  return async (target, conclusion) => {
    const { signs, record, event } = conclusion;
    const { attempt } = record;
    const isFailure = signs.length > 0 || event.what === 'timed-out';
    if (!isFailure || attempt === undefined) return conclusion;
    const { namespace } = target;
    const missingRights = new Set(observer.rollout(namespace, attempt.uid).unreadable);
    const ask = <T>(right: string, call: Promise<T>, otherwise: T): Promise<T> =>
      Promise.race([call, sleep(clock, LIMIT_MS).then(() => otherwise)]).catch((error: unknown) => {
        // Evidence is an extra: the verdict stands without it, and the pass's own calls report an unreachable server.
        if (!(error instanceof ApiError)) throw error;
        if (error.kind === 'forbidden') missingRights.add(right);
        return otherwise;
      });

    const since = attempt.startedAt - SKEW_MS;
    const uids = uidsOf(attempt, signs);
    const [events, runs] = await Promise.all([
      ask(`list events in ${namespace}`, warningsSince(cluster, namespace, uids, since), []),
      Promise.all(
        suspectsOf(signs).map((suspect) =>
          ask(`get pods/log in ${namespace}`, readLogs(cluster, namespace, suspect), []),
        ),
      ),
    ]);
    const findings = {
      attempt,
      target,
      signs,
      // Before anything is cut or picked out.
      events: events.map((event) => ({ ...event, message: hide(event.message) })),
      logs: runs.flat().map((log) => ({ ...log, head: hideLines(log.head), tail: hideLines(log.tail) })),
      missingRights: [...missingRights],
    };
    return withEvidence(conclusion, evidenceLines(findings).map(hide), quoteOf(findings), hide);
  };
}

/** Whose events are asked for: one call each, so of a hundred pods in the same trouble only the one that is named. */
function uidsOf(attempt: Attempt, signs: readonly FailureSign[]): readonly string[] {
  const pods = groupSigns(signs).flatMap(({ sign: { pod } }) => (pod === undefined ? [] : [pod]));
  const uids = new Set([attempt.uid, ...pods.flatMap((pod) => [pod.uid, pod.ownerUid])]);
  return [...uids].filter((uid) => uid !== '');
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
  cluster: EvidenceSources['cluster'],
  namespace: string,
  uids: readonly string[],
  since: number,
): Promise<readonly EventView[]> {
  const events = await cluster.listEvents(namespace, uids);
  return events.filter((event) => event.type === 'Warning' && event.lastAt >= since);
}

/** The run that crashed, then the one that goes on. Between two runs the present one is the one that crashed. */
async function readLogs(
  cluster: EvidenceSources['cluster'],
  namespace: string,
  suspect: Suspect,
): Promise<readonly ContainerLog[]> {
  const { state, restartCount } = suspect.container;
  const read = (previous: boolean) => readRun(cluster, namespace, suspect, previous);
  if (restartCount === 0) return [await read(false)];
  try {
    const previous = await read(true);
    if (previous.tail.length > 0) return state.kind === 'running' ? [previous, await read(false)] : [previous];
  } catch (error) {
    // The kubelet drops a dead container's log after a while; the present run may say the same.
    if (!(error instanceof ApiError) || error.kind === 'forbidden') throw error;
  }
  return [await read(false)];
}

async function readRun(
  cluster: EvidenceSources['cluster'],
  namespace: string,
  suspect: Suspect,
  previous: boolean,
): Promise<ContainerLog> {
  const read = (options: { readonly tailLines?: number; readonly limitBytes: number }) =>
    cluster.readLogs(namespace, suspect.pod.name, suspect.container.name, { previous, ...options });
  const tail = await read({ tailLines: TAIL_LINES, limitBytes: MAX_LOG_BYTES });
  if (tail.length < TAIL_LINES) return { suspect, previous, head: [], tail };
  const start = await read({ limitBytes: MAX_LOG_BYTES / 8 });
  return { suspect, previous, head: start.slice(0, HEAD_LINES), tail };
}
