import type { Block } from '../domain/record.ts';

/** How long a target that waits for a right looks again, ms. */
const FORBIDDEN_LOOK_MS = 30_000;
/** The same for objects that usually follow soon, e.g. the manifest after the dep file. */
const MISSING_LOOK_MS = 5_000;

/** How soon a parked target looks again when no watch event tells it to, ms. */
export function parkedLookMs(by: Block | undefined): number {
  return by === 'forbidden' ? FORBIDDEN_LOOK_MS : MISSING_LOOK_MS;
}
