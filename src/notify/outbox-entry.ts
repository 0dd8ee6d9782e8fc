/** What the files of the outbox hold. */

export interface OutboxEntry {
  readonly id: string;
  readonly payload: unknown;
}

/** Undefined when it is none. */
export function parseEntry(json: string): OutboxEntry | undefined {
  const value = parseJson(json);
  if (typeof value !== 'object' || value === null || !('id' in value) || !('payload' in value)) return undefined;
  return typeof value.id === 'string' ? { id: value.id, payload: value.payload } : undefined;
}

/** Undefined when it is no list of ids. */
export function parseSent(json: string): string[] | undefined {
  const value = parseJson(json);
  return Array.isArray(value) && value.every((id) => typeof id === 'string') ? value : undefined;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
