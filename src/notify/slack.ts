/** Telling Slack: events become messages, messages wait in the outbox, the outbox posts them one by one. */
import { IncomingWebhook, IncomingWebhookHTTPError, IncomingWebhookRequestError } from '@slack/webhook';
import type { Clock } from '../clock.ts';
import type { EngineEvent } from '../domain/event.ts';
import { slackMessage } from './message.ts';
import { createOutbox, type OutboxProblem, type SendResult } from './outbox.ts';
import type { OutboxDisk } from './outbox-files.ts';
import { plain } from './plain-text.ts';

export interface SlackSink {
  /** Begins to send what earlier runs left behind. */
  start(): Promise<void>;
  /** Durable when it resolves; each event id is told at most once. Never rejects: what goes wrong is told aside. */
  put(event: EngineEvent): Promise<void>;
  /** Sends what it can within the grace; the rest stays on disk for the next run. Twice is fine. */
  stop(graceMs: number): Promise<void>;
  /** Messages not yet sent. */
  readonly depth: number;
}

export interface SlackOptions extends OutboxDisk {
  /** The incoming webhook's URL: a secret, which never reaches a message, a problem or a file. */
  readonly webhook: string;
  readonly clock: Clock;
  readonly onProblem: (problem: OutboxProblem) => void;
  /** How long one post may take. */
  readonly timeoutMs?: number;
}

const POST_TIMEOUT_MS = 10_000;

/** A sink that posts to an incoming webhook. */
export function createSlackSink(options: SlackOptions): SlackSink {
  const post = createSlackPost(options.webhook, options.timeoutMs ?? POST_TIMEOUT_MS, options.clock);
  const outbox = createOutbox({ ...options, send: (entry, signal) => post(entry.payload, signal) });
  return {
    start: outbox.start,
    async put(event) {
      const message = slackMessage(event);
      if (message !== undefined) await outbox.put(event.id, message);
    },
    stop: outbox.stop,
    get depth() {
      return outbox.depth;
    },
  };
}

type SlackPost = (payload: unknown, signal: AbortSignal) => Promise<SendResult>;

/** One post to the webhook, answered by what to do next. Never rejects. */
export function createSlackPost(webhook: string, timeoutMs: number, clock: Clock): SlackPost {
  return async (payload, signal) => {
    const answer = { retryAfter: null as string | null };
    const hook = new IncomingWebhook(webhook, {
      timeout: timeoutMs,
      // The package passes on neither `Retry-After` nor our signal.
      fetch: async (url, init) => {
        const given = AbortSignal.any([signal, init?.signal ?? signal]);
        // A redirection is an answer to be told, not one to be followed with the secret.
        const response = await fetch(url, { ...init, redirect: 'manual', signal: given });
        answer.retryAfter = response.headers.get('retry-after');
        return response;
      },
    });
    try {
      const { text } = await hook.send(messageArguments(payload));
      return isWebPage(text) ? { kind: 'retry', reason: NOT_SLACK } : { kind: 'delivered' };
    } catch (error) {
      return failure(error, retryAfterMs(answer.retryAfter, clock), webhook);
    }
  };
}

const NOT_SLACK = 'a web page answers instead of Slack; is there a proxy or a login page in between?';

/** The statuses with which Slack answers for a hook or a workspace that is gone. */
const WITHOUT_HOOK: ReadonlySet<number> = new Set([401, 403, 404, 410]);

/** Slack and what stands in for it answer a word or JSON. */
function isWebPage(text: string): boolean {
  return text.trimStart().startsWith('<');
}

/** The entry as the package takes it; what an outbox file holds was made by `slackMessage`, now or by an older engine. */
function messageArguments(payload: unknown): Parameters<IncomingWebhook['send']>[0] {
  return typeof payload === 'object' && payload !== null ? payload : { text: String(payload) };
}

function failure(error: unknown, afterMs: number | undefined, webhook: string): SendResult {
  const later = afterMs === undefined ? {} : { afterMs };
  if (error instanceof IncomingWebhookHTTPError) {
    const reason = `HTTP ${error.statusCode} ${withoutSecret(plain(error.body ?? ''), webhook).slice(0, 100)}`.trim();
    const isRedirection = error.statusCode < 400;
    const mayPass = error.statusCode >= 500 || error.statusCode === 429 || error.statusCode === 408 || isRedirection;
    const hint = WITHOUT_HOOK.has(error.statusCode) ? '; the webhook may be revoked, set WEBHOOK_FOR_SLACK anew' : '';
    return mayPass ? { kind: 'retry', reason, ...later } : { kind: 'dead', reason: reason + hint };
  }
  const cause = error instanceof IncomingWebhookRequestError ? error.original : error;
  return { kind: 'retry', reason: networkReason(cause), ...later };
}

/** Made of codes only: the texts of network errors may hold the URL. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return `no answer (${cause.code})`;
  return `no answer (${error.name})`;
}

/** An answer may quote what it was asked: the URL itself, or its path. */
function withoutSecret(text: string, webhook: string): string {
  const path = URL.canParse(webhook) ? new URL(webhook).pathname : '';
  const masked = text.replaceAll(webhook, '[webhook]');
  return path.length > 1 ? masked.replaceAll(path, '/[webhook]') : masked;
}

/** `Retry-After` in ms: seconds, or a date. Undefined when absent or senseless. */
function retryAfterMs(header: string | null, clock: Clock): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - clock.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
