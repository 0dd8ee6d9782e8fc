/** A fake of Slack's incoming webhooks: keeps what is posted, and answers as Slack does on good and bad days. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listAt, textAt } from './json.ts';
import { preciseNow, startLoopbackServer } from './loopback-server.ts';

export interface SlackPost {
  /** Epoch ms, with a fraction. */
  readonly at: number;
  readonly path: string;
  /** The parsed JSON body; the raw text when it is none. */
  readonly body: unknown;
  /** What a phone's notification would show: `text`, or the `fallback` of the attachments; '' when there is neither. */
  readonly text: string;
  /** What it was answered; undefined when nothing was. */
  readonly status?: number;
}

export type SlackAnswer =
  | { readonly kind: 'ok' }
  /** 429; `Retry-After` is in whole seconds, as Slack sends it. */
  | { readonly kind: 'rate-limited'; readonly retryAfterSeconds: number }
  /** E.g. 400 `invalid_payload`, 404 `no_service`, 410 `channel_is_archived`, 500. */
  | { readonly kind: 'error'; readonly status: number; readonly body?: string }
  /** Never answered. */
  | { readonly kind: 'hang' }
  /** The connection is reset. */
  | { readonly kind: 'drop' };

export interface SlackServer extends AsyncDisposable {
  /** The webhook's URL, with a path as long as Slack's own. */
  readonly url: string;
  /** Everything received, in order, whatever it was answered. */
  readonly posts: readonly SlackPost[];
  /** Those answered with 200: what people would see in the channel. */
  readonly accepted: readonly SlackPost[];
  /** Answers the next `times` posts so, all of them when left out; then the posts are accepted again. */
  respondWith(answer: SlackAnswer, times?: number): void;
  /** `false`: connection refused until `true`. */
  setReachable(reachable: boolean): Promise<void>;
  stop(): Promise<void>;
}

const WEBHOOK_PATH = '/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';

export async function startSlackServer(): Promise<SlackServer> {
  const posts: SlackPost[] = [];
  let current: SlackAnswer = { kind: 'ok' };
  let left = 0;

  const nextAnswer = (): SlackAnswer => {
    if (left <= 0) return { kind: 'ok' };
    left -= 1;
    return current;
  };

  const onPost = async (request: IncomingMessage, response: ServerResponse) => {
    const body = parseBody(await text(request));
    const answer = nextAnswer();
    const status = statusOf(answer);
    posts.push({
      at: preciseNow(),
      path: request.url ?? '/',
      body,
      text: textOf(body),
      ...(status === undefined ? {} : { status }),
    });
    respond(response, answer);
  };

  const server = await startLoopbackServer((request, response) => {
    onPost(request, response).catch(() => response.destroy());
  });
  return {
    url: server.url + WEBHOOK_PATH,
    posts,
    get accepted() {
      return posts.filter(({ status }) => status === 200);
    },
    respondWith: (answer, times = Number.POSITIVE_INFINITY) => {
      current = answer;
      left = times;
    },
    setReachable: server.setReachable,
    stop: server.stop,
    [Symbol.asyncDispose]: server.stop,
  };
}

function respond(response: ServerResponse, answer: SlackAnswer): void {
  switch (answer.kind) {
    case 'ok':
      response.writeHead(200, { 'content-type': 'text/html' }).end('ok');
      return;
    case 'rate-limited':
      response.writeHead(429, { 'retry-after': String(answer.retryAfterSeconds) }).end('rate_limited');
      return;
    case 'error':
      response.writeHead(answer.status).end(answer.body ?? 'error');
      return;
    case 'drop':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    default:
      answer satisfies never;
  }
}

function statusOf(answer: SlackAnswer): number | undefined {
  if (answer.kind === 'ok') return 200;
  if (answer.kind === 'rate-limited') return 429;
  return answer.kind === 'error' ? answer.status : undefined;
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function textOf(body: unknown): string {
  const fallbacks = listAt(body, 'attachments').map((attachment) => textAt(attachment, 'fallback'));
  return textAt(body, 'text') || fallbacks.join('\n');
}
