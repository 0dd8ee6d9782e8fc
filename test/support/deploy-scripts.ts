/** Scripts for the small world, made by chance: mostly ordinary life, some trouble. */
import fc from 'fast-check';
import type { Policy } from '../../src/reconcile/policy.ts';
import { REPOSITORY } from './deployment-model.ts';

/** What the world can do between two calls of the engine. */
export type Happening =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'remove-file' }
  | { readonly kind: 'controller' }
  | { readonly kind: 'deliver' }
  | { readonly kind: 'watch' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'recreate' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'crash' }
  /** `!` is malformed, an empty text is not ready; what follows `#` is a comment. */
  | { readonly kind: 'write'; readonly text: string }
  | { readonly kind: 'foreign'; readonly image: string }
  | { readonly kind: 'time'; readonly ms: number };

/** What becomes of a request. */
export type Fate = 'answered' | 'answer-lost' | 'lost' | 'delayed' | 'doubled' | 'busy' | 'forbidden';

/** Trouble, after which everything comes to rest. */
export interface Act {
  /** One for each call the engine makes. */
  readonly happenings: readonly Happening[];
  /** One for each request. */
  readonly fates: readonly Fate[];
}

export interface Script {
  readonly acts: readonly Act[];
  readonly policy: Partial<Policy>;
  /** Whether a watch keeps the engine informed; otherwise it asks. */
  readonly live: boolean;
}

const kind = (name: Exclude<Happening['kind'], 'write' | 'foreign' | 'time'>) => fc.constant<Happening>({ kind: name });

/** `a` and `b` come up, `bad` and `never` do not; `a#` is `a` with a comment, `!` is malformed, the empty text not ready. */
const write = fc
  .constantFrom('a', 'a', 'b', 'b', 'a#', 'bad', 'never', '!', '')
  .map((text): Happening => ({ kind: 'write', text }));
const foreign = fc
  .constantFrom('foreign', 'a', 'b')
  .map((tag): Happening => ({ kind: 'foreign', image: `${REPOSITORY}:${tag}` }));
const time = fc.constantFrom(100, 5_000, 20_000, 300_000).map((ms): Happening => ({ kind: 'time', ms }));

const happening = fc.oneof(
  { weight: 25, arbitrary: kind('nothing') },
  { weight: 6, arbitrary: write },
  { weight: 5, arbitrary: kind('controller') },
  { weight: 4, arbitrary: kind('watch') },
  { weight: 3, arbitrary: kind('deliver') },
  { weight: 2, arbitrary: kind('crash') },
  { weight: 2, arbitrary: time },
  { weight: 1, arbitrary: kind('remove-file') },
  { weight: 1, arbitrary: foreign },
  { weight: 1, arbitrary: kind('pause') },
  { weight: 1, arbitrary: kind('resume') },
  { weight: 1, arbitrary: kind('recreate') },
  { weight: 1, arbitrary: kind('delete') },
);

const fate = fc.constantFrom<Fate>(
  'answered',
  'answered',
  'answered',
  'answered',
  'answer-lost',
  'lost',
  'delayed',
  'delayed',
  'doubled',
  'busy',
  'forbidden',
);

const act = fc.record({
  happenings: fc.array(happening, { maxLength: 40, size: 'max' }),
  fates: fc.array(fate, { maxLength: 8, size: 'max' }),
});

export const scripts: fc.Arbitrary<Script> = fc.record({
  acts: fc.array(act, { minLength: 1, maxLength: 4, size: 'max' }),
  live: fc.boolean(),
  policy: fc.record({
    onFailure: fc.constantFrom('leave', 'rollback'),
    drift: fc.constantFrom('report', 'correct', 'ignore'),
  }),
});

/** As many runs as the environment asks for, in all; a few thousand show most faults. */
export function propertyRuns(environment: Readonly<Record<string, string | undefined>>, otherwise = 2_000): number {
  const runs = Number.parseInt(environment.PROPERTY_RUNS ?? '', 10);
  return Number.isNaN(runs) ? otherwise : runs;
}
