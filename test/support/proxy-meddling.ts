/** What the recording proxy's faults do to an answer on its way to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FaultAction, statusBody } from './proxy-faults.ts';

/** Called once the answer is being streamed; `gone` aborts when the client's side has closed. */
export type Meddling = (answer: IncomingMessage, response: ServerResponse, gone: AbortSignal) => void;

type Action<Kind extends FaultAction['kind']> = Extract<FaultAction, { kind: Kind }>;

export function cutAfter({ afterMs, clean }: Action<'cut'>): Meddling {
  return (answer, response, gone) => {
    after(afterMs, gone, () => {
      if (!clean) return reset(response);
      answer.unpipe(response);
      response.end();
    });
  };
}

export function stallAfter(afterMs: number): Meddling {
  return (answer, response, gone) => {
    after(afterMs, gone, () => {
      answer.unpipe(response);
      // Read on, so that the server notices nothing either.
      answer.resume();
    });
  };
}

export function answerWith(response: ServerResponse, { status, headers, body }: Action<'answer'>): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body ?? statusBody(status));
}

/** Ends the client's connection as a network does that loses it: with a reset, in the middle of whatever is going on. */
export function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function after(ms: number, gone: AbortSignal, run: () => void): void {
  const timer = setTimeout(run, ms);
  gone.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
