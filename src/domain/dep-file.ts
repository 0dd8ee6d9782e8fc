/** The grammar of a dep file's content. */
import { quote } from './printable.ts';

/** What a dep file asks for. */
export interface DepRequest {
  /** The first line: a tag, a digest or an image reference; see `image.ts` for what it becomes. */
  readonly version: string;
  /** The line `container: <name>`: which container of the pod template gets the image. */
  readonly container?: string;
}

export type DepFileParse =
  | { readonly kind: 'request'; readonly request: DepRequest }
  /** Nothing but blank lines and comments: not ready yet, never an order. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'malformed'; readonly line: number; readonly problem: string };

/** A longer file is refused unread. */
export const MAX_DEP_FILE_BYTES = 4096;

const OPTION = /^([A-Za-z][\w-]*)\s*:\s+(\S+)$/;
const CONTAINER_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Reads a dep file: blank lines and `#` comments are ignored, the first line left is the version, further lines are
 * `key: value` with known keys. A byte order mark and CRLF are tolerated. `line` counts from 1.
 */
export function parseDepFile(bytes: Uint8Array): DepFileParse {
  const text = decode(bytes);
  if (text === undefined)
    return { kind: 'malformed', line: 1, problem: 'not UTF-8 text; write the version as plain text' };

  let version: string | undefined;
  const options = new Map<string, string>();
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (version === undefined) {
      const problem = versionProblem(line);
      if (problem !== undefined) return { kind: 'malformed', line: index + 1, problem };
      version = line;
      continue;
    }
    const problem = addOption(options, line);
    if (problem !== undefined) return { kind: 'malformed', line: index + 1, problem };
  }
  if (version === undefined) return { kind: 'empty' };
  const container = options.get('container');
  return { kind: 'request', request: container === undefined ? { version } : { version, container } };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    // The decoder drops a leading byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function versionProblem(line: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(line)) {
    return `${quote(line)} is not a version; write one tag or image reference, without spaces, on the first line`;
  }
  return undefined;
}

function addOption(options: Map<string, string>, line: string): string | undefined {
  const [, key, value] = OPTION.exec(line) ?? [];
  if (key !== 'container' || value === undefined) {
    return `${quote(line)} is not understood; after the version only "container: <name>" may follow`;
  }
  if (!CONTAINER_NAME.test(value)) return `${quote(value)} cannot be the name of a container`;
  if (options.has(key)) return `"${key}:" is written twice; keep one`;
  options.set(key, value);
  return undefined;
}
