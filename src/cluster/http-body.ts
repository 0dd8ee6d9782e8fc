/** Reading an answer whole: bounded, and only when it is what an API server sends. */
import type { Dispatcher } from 'undici';
import { errorOfNonsense } from './api-errors.ts';

/** A list of ten thousand pods is about 60 MB; more is not an answer we can use. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;
/** Of a refusal only the Status object matters. */
const MAX_REFUSAL_BYTES = 1024 * 1024;

/** @throws ApiError of kind `nonsense` for HTML and for what is larger than the bound */
export async function readAnswer(asked: string, answer: Dispatcher.ResponseData): Promise<string> {
  const type = headerOf(answer, 'content-type') ?? '';
  if (!/^(?:application\/json|text\/plain)\b/.test(type)) {
    answer.body.destroy();
    throw errorOfNonsense(asked, `answered with "${type.slice(0, 80)}" instead of JSON; is this an API server?`);
  }
  return readText(asked, answer, MAX_ANSWER_BYTES);
}

export function readRefusal(asked: string, answer: Dispatcher.ResponseData): Promise<string> {
  return readText(asked, answer, MAX_REFUSAL_BYTES);
}

export function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** @throws ApiError of kind `nonsense` for what is not JSON, e.g. an answer cut off */
export function parseJson(asked: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw errorOfNonsense(asked, 'answered with JSON that cannot be read; was it cut off?', cause);
  }
}

async function readText(asked: string, answer: Dispatcher.ResponseData, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    if (!(chunk instanceof Buffer)) continue;
    size += chunk.length;
    if (size > limit) throw errorOfNonsense(asked, `answered with more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
