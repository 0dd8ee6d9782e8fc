/** What the values of settings look like: each kind says what it expects and reads a text as it. */
import { isRepositoryPrefix } from './domain/image.ts';

/** A kind of value. */
export interface Values<T> {
  readonly expected: string;
  /** Undefined when the text is not one of them. */
  readonly parse: (text: string) => T | undefined;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR };

/** `500ms`, `4m`, `1m30s` as ms; undefined for anything else. */
function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  }
  return Number.isFinite(total) ? total : undefined;
}

/** The duration as the settings write it: `500ms`, `4m`. */
function shortly(ms: number): string {
  const [unit, length] = Object.entries(UNIT_MS).findLast(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
}

/** As ms. */
export function duration(minMs: number, maxMs: number): Values<number> {
  return {
    expected: `a duration such as 500ms, 20s or 4m, from ${shortly(minMs)} to ${shortly(maxMs)}`,
    parse: (text) => {
      const ms = parseDuration(text);
      return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
    },
  };
}

export function wholeNumber(min: number, max: number): Values<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse: (text) => {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** In any case of letters. */
export function oneOf<const T extends string>(...choices: readonly T[]): Values<T> {
  return {
    expected: `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
    parse: (text) => choices.find((choice) => choice === text.toLowerCase()),
  };
}

export const ONE_LINE: Values<string> = { expected: 'one line', parse: (text) => (/\n/.test(text) ? undefined : text) };

export const TRUTH: Values<boolean> = {
  expected: 'true or false',
  parse: (text) => (/^(?:true|yes|on|1)$/i.test(text) ? true : /^(?:false|no|off|0)$/i.test(text) ? false : undefined),
};

export const REPOSITORY: Values<string> = {
  expected: 'a registry host or a repository, without tag and https://',
  parse: (text) => {
    const bare = text.replace(/\/+$/, '');
    return isRepositoryPrefix(bare) ? bare : undefined;
  },
};

export const WEBHOOK: Values<string> = {
  expected: 'an http(s) URL',
  parse: (text) => {
    // The parser drops line breaks: two lines would pass for one URL.
    const protocol = /\s/.test(text) ? undefined : URL.parse(text)?.protocol;
    return protocol === 'https:' || protocol === 'http:' ? text : undefined;
  },
};

export const NAMESPACE_PATTERNS: Values<readonly string[]> = {
  expected: 'namespaces or patterns with *, separated by commas',
  parse: (text) => {
    const patterns = text.split(/[\s,]+/).filter((pattern) => pattern !== '');
    return patterns.length > 0 && patterns.every((pattern) => /^[a-z0-9*-]+$/.test(pattern)) ? patterns : undefined;
  },
};
