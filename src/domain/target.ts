/** What is deployed: one Deployment, named by the dep file `<service>_<namespace>.dep`. */
import { printable, quote } from './printable.ts';

export interface Target {
  readonly service: string;
  readonly namespace: string;
}

declare const brand: unique symbol;

/**
 * The base name of a dep file without `.dep`, e.g. `web_prod`. It is the key of everything: the work queue, the mutex,
 * the state files. A key exists for a misnamed file too (`Web.dep` has the key `Web`), so that it can be answered.
 */
export type TargetKey = string & { readonly [brand]: 'TargetKey' };

export const DEP_EXTENSION = '.dep';

/**
 * The key of a file name in the directory, or undefined when it is not a dep file: another extension, as an editor's
 * temporary files have, or a name that starts with a dot.
 */
export function keyOfFileName(fileName: string): TargetKey | undefined {
  if (fileName.startsWith('.') || !fileName.endsWith(DEP_EXTENSION)) return undefined;
  const base = fileName.slice(0, -DEP_EXTENSION.length);
  return base === '' ? undefined : (base as TargetKey);
}

export function targetKey(target: Target): TargetKey {
  return `${target.service}_${target.namespace}` as TargetKey;
}

/** How a target is written for people, everywhere: `web/prod`. */
export function formatTarget(target: Target): string {
  return `${target.service}/${target.namespace}`;
}

/** The name of a key's dep file for people, e.g. to say that it is misnamed: whatever it holds, one printable line. */
export function formatFileName(key: TargetKey): string {
  return printable(`${key}${DEP_EXTENSION}`);
}

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** RFC 1123 label, at most 63 characters: what Kubernetes accepts as a namespace. */
function isLabel(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

/** RFC 1123 subdomain, at most 253 characters: what Kubernetes accepts as the name of a Deployment. */
function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => LABEL.test(part));
}

export type TargetParse =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'misnamed'; readonly problem: string };

/** A file name has at most 255 bytes, and `<key>.status.json` is the longest one made of a key. */
const MAX_KEY_BYTES = 255 - '.status.json'.length;

/**
 * The target a key names. Neither part can hold `_`, so the single underscore splits without doubt.
 * The problem says what is wrong with the file name and what it should look like.
 */
export function parseTargetKey(key: TargetKey): TargetParse {
  const parts = key.split('_');
  const [service, namespace] = parts;
  if (parts.length !== 2 || service === undefined || namespace === undefined) {
    return misnamed(key, 'expected one underscore');
  }
  if (key.length > MAX_KEY_BYTES) return misnamed(key, `longer than ${MAX_KEY_BYTES} characters`);
  if (!isSubdomain(service)) return misnamed(key, `${quote(service)} cannot be the name of a Deployment`);
  if (!isLabel(namespace)) return misnamed(key, `${quote(namespace)} cannot be the name of a namespace`);
  return { kind: 'target', target: { service, namespace } };
}

function misnamed(key: TargetKey, why: string): TargetParse {
  const problem =
    `invalid filename: '${formatFileName(key)}', expected: {service}_{namespace}.dep ` +
    `(${why}; lower-case letters, digits, "-" and, in the service, "."); rename the file`;
  return { kind: 'misnamed', problem };
}
