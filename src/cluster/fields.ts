/** Readers of JSON nobody has checked yet: a field that is missing or of the wrong type reads as empty. */

export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = {};

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : NONE;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(value: unknown, fallback = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Epoch ms of a time the API wrote (text) or the library already read (`Date`); 0 when there is none. */
export function timeOf(value: unknown): number {
  const time = value instanceof Date ? value.getTime() : Date.parse(textOf(value));
  return Number.isNaN(time) ? 0 : time;
}

/** The entries whose values are texts, e.g. annotations. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(fieldsOf(value))) {
    if (typeof text === 'string') texts[key] = text;
  }
  return texts;
}
