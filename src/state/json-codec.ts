/** Small codecs between our types and JSON: one table says how a type is written and how it is checked when read. */

/** A value that is missing or not what it should be; the message names its path. */
export class Malformed extends Error {
  override readonly name = 'Malformed';

  constructor(path: string, expected: string) {
    super(`${path}: expected ${expected}`);
  }
}

export interface Codec<T> {
  encode(value: T): unknown;
  /** @throws Malformed */
  parse(value: unknown, path: string): T;
  /** What a missing or null field means; without it such a field is malformed. */
  readonly whenMissing?: 'absent' | { readonly value: T };
}

function checked<T>(expected: string, isValid: (value: unknown) => value is T): Codec<T> {
  return {
    encode: (value) => value,
    parse(value, path) {
      if (isValid(value)) return value;
      throw new Malformed(path, expected);
    },
  };
}

export const text: Codec<string> = checked('text', (value) => typeof value === 'string');

export const number: Codec<number> = checked('a number', (value) => typeof value === 'number');

export const boolean: Codec<boolean> = checked('true or false', (value) => typeof value === 'boolean');

/** Epoch ms here, an ISO time there. */
export const time: Codec<number> = {
  encode: (epochMs) => new Date(epochMs).toISOString(),
  parse(value, path) {
    const epochMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(epochMs)) throw new Malformed(path, 'a time like 2026-01-31T12:00:00.000Z');
    return epochMs;
  },
};

/** One of the keys of `known`. */
export function oneOf<T extends string>(known: Readonly<Record<T, true>>): Codec<T> {
  const isKnown = (value: unknown): value is T => typeof value === 'string' && Object.hasOwn(known, value);
  return checked(`one of ${Object.keys(known).join(', ')}`, isKnown);
}

export function list<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    encode: (values) => values.map((value) => item.encode(value)),
    parse(value, path) {
      if (!Array.isArray(value)) throw new Malformed(path, 'a list');
      return value.map((each, index) => item.parse(each, `${path}[${index}]`));
    },
  };
}

/** A codec for each field, in the order in which they are written; a field that is not listed breaks the build. */
export type Shape<T> = { readonly [K in keyof T]-?: Codec<Exclude<T[K], undefined>> };

/** Unknown fields are ignored when read. */
export function object<T extends object>(shape: Shape<T>): Codec<T> {
  const fields = Object.entries(shape) as [string, Codec<unknown>][];
  return {
    encode(value) {
      const given = new Map(Object.entries(value));
      return Object.fromEntries(
        fields
          .filter(([name]) => given.get(name) !== undefined)
          .map(([name, codec]) => [name, codec.encode(given.get(name))]),
      );
    },
    parse(value, path) {
      if (typeof value !== 'object' || value === null) throw new Malformed(path, 'an object');
      const given = new Map<string, unknown>(Object.entries(value));
      return Object.fromEntries(
        fields.flatMap(([name, codec]) => parseField(given.get(name), `${path}.${name}`, name, codec)),
      ) as T;
    },
  };
}

function parseField(value: unknown, path: string, name: string, codec: Codec<unknown>): [string, unknown][] {
  if (value !== undefined && value !== null) return [[name, codec.parse(value, path)]];
  if (codec.whenMissing === undefined) return [[name, codec.parse(value, path)]];
  return codec.whenMissing === 'absent' ? [] : [[name, codec.whenMissing.value]];
}

/** For an optional field. */
export function optional<T>(codec: Codec<T>): Codec<T> {
  return { ...codec, whenMissing: 'absent' };
}

/** For a field that older files may lack. */
export function orElse<T>(codec: Codec<T>, value: T): Codec<T> {
  return { ...codec, whenMissing: { value } };
}
