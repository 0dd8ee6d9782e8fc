/** What behaviours look at in an object or an answer. */
import type { ApiAnswer } from '../../support/api-client.ts';
import { at, listAt, numberAt, textAt } from '../../support/json.ts';

export const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name');
export const uidOf = (object: unknown): string => textAt(object, 'metadata', 'uid');
export const generationOf = (object: unknown): number => numberAt(object, 'metadata', 'generation');
export const annotationsOf = (object: unknown): unknown => at(object, 'metadata', 'annotations');
export const names = (objects: readonly unknown[]): readonly string[] => objects.map(nameOf);

/** As a number: both servers count, and a later one is greater. */
export const versionOf = (object: unknown): number => Number(textAt(object, 'metadata', 'resourceVersion'));

export const imageOf = (object: unknown): string =>
  textAt(object, 'spec', 'template', 'spec', 'containers', 0, 'image');

/** Status code and reason, `409 AlreadyExists`; the code alone for a success. */
export function verdict({ status, body }: ApiAnswer): string {
  return `${status} ${textAt(body, 'reason')}`.trim();
}

/** `field: reason` of each cause of a refusal. */
export function causes({ body }: ApiAnswer): readonly string[] {
  return listAt(body, 'details', 'causes').map((cause) => `${textAt(cause, 'field')}: ${textAt(cause, 'reason')}`);
}

/** A condition of an object's status. */
export function condition(object: unknown, type: string): unknown {
  return listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === type);
}
