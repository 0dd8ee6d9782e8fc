/** What Slack is told: one attachment per event, as the engine's users know it. Pure. */
import type { EngineEvent, EngineStateEvent, TargetEvent } from '../domain/event.ts';
import { head, lastLines, plain } from './plain-text.ts';

export interface SlackMessage {
  readonly attachments: readonly SlackAttachment[];
}

export interface SlackAttachment {
  readonly color: 'good' | 'warning' | 'danger';
  /** What a notification on a phone shows. */
  readonly fallback: string;
  readonly title: string;
  readonly fields: readonly SlackField[];
  /** Epoch seconds of the event: a message may arrive late. */
  readonly ts: string;
  /** None: a version like `a_b_c` or `*` is shown as it is. */
  readonly mrkdwn_in: readonly never[];
}

export interface SlackField {
  readonly title: string;
  readonly value: string;
  /** Whether it may stand beside another one. */
  readonly short: boolean;
}

type Heading = Pick<SlackAttachment, 'color' | 'title'>;

const HEADINGS: Readonly<Record<Exclude<TargetEvent['what'], 'started' | 'progress'>, Heading>> = {
  succeeded: { color: 'good', title: '✅ Deployment Successful' },
  recovered: { color: 'good', title: '✅ Deployment Recovered' },
  failed: { color: 'danger', title: '❌ Deployment Failed' },
  'timed-out': { color: 'danger', title: '❌ Deployment Timed Out' },
  'rolled-back': { color: 'danger', title: '❌ Deployment Failed, Rolled Back' },
  'rollback-failed': { color: 'danger', title: '❌ Deployment Failed, Rollback Failed' },
  refused: { color: 'warning', title: '⚠️ Deployment Refused' },
  blocked: { color: 'warning', title: '⚠️ Deployment Waiting' },
  stalled: { color: 'warning', title: '⚠️ Deployment Waiting' },
  overridden: { color: 'warning', title: '⚠️ Deployment Changed Outside' },
  drifted: { color: 'warning', title: '⚠️ Service Drifted' },
  'crashed-later': { color: 'warning', title: '⚠️ Service Crashed After Deployment' },
  flapping: { color: 'warning', title: '⚠️ Service Flapping' },
  superseded: { color: 'warning', title: 'ℹ️ Deployment Superseded' },
};

const ENGINE_HEADINGS: Readonly<Record<EngineStateEvent['what'], Heading>> = {
  'cluster-unreachable': { color: 'warning', title: '⚠️ Cluster Unreachable' },
  'cluster-reachable': { color: 'good', title: '✅ Cluster Reachable Again' },
  'directory-degraded': { color: 'warning', title: '⚠️ Directory Degraded' },
  'directory-recovered': { color: 'good', title: '✅ Directory Recovered' },
  'state-unsaved': { color: 'warning', title: '⚠️ State Not Saved' },
  'state-saved': { color: 'good', title: '✅ State Saved Again' },
};

// Slack shows at most 2,000 characters of a field and 40,000 of a message; four fields and a fallback stay far below.
const FIELD_LIMIT = 2000;
const CAUSE_LIMIT = 700;
const FALLBACK_LIMIT = 500;
const SHORT_BYTES = 50;

/** The message of an event, or undefined for one that is for the log only. */
export function slackMessage(event: EngineEvent): SlackMessage | undefined {
  if (event.kind === 'engine') {
    return message(ENGINE_HEADINGS[event.what], event, [{ ...field('Message', event.summary), short: false }]);
  }
  if (event.what === 'started' || event.what === 'progress') return undefined;
  const heading = HEADINGS[event.what];
  return message(heading, event, targetFields(event, heading));
}

function message(heading: Heading, event: EngineEvent, fields: readonly SlackField[]): SlackMessage {
  const fallback = head(`${heading.title}: ${event.summary}`, FALLBACK_LIMIT);
  const ts = String(Math.floor(event.at / 1000));
  return { attachments: [{ ...heading, fallback, fields, ts, mrkdwn_in: [] }] };
}

function targetFields(event: TargetEvent, heading: Heading): SlackField[] {
  const fields = [
    field('Service', event.service),
    field('Version', event.version),
    field('Namespace', event.namespace),
  ].filter(({ value }) => value !== '');
  const value = reason(event);
  // A success needs no words; of everything else the summary is the least there is to say.
  if (heading.color === 'good' && event.cause === '' && event.evidence.length === 0) return fields;
  return [...fields, { title: heading.color === 'danger' ? 'Error' : 'Message', value, short: false }];
}

function field(title: string, text: string): SlackField {
  return { title, value: head(text, FIELD_LIMIT), short: Buffer.byteLength(plain(text)) <= SHORT_BYTES };
}

/** The cause first, then as much of the end of the evidence as fits: what went wrong last is said last. */
function reason(event: TargetEvent): string {
  const cause = head(event.cause === '' ? event.summary : event.cause, CAUSE_LIMIT);
  const evidence = lastLines(event.evidence, FIELD_LIMIT - cause.length - 1);
  return evidence === '' ? cause : `${cause}\n${evidence}`;
}
