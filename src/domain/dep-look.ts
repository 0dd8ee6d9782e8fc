/** What one look at a dep file says. The look never waits; where time must pass, it says when to look again. */
import type { DepRequest } from './dep-file.ts';

export type DepLook =
  | { readonly kind: 'absent' }
  /** Empty, comments only, still being written, or changed while it was read: not an order yet. */
  | { readonly kind: 'not-ready'; readonly lookAgainInMs?: number }
  /** The file or its directory cannot be read now: not a refusal, and not an absence either. */
  | { readonly kind: 'unreadable'; readonly problem: string; readonly lookAgainInMs?: number }
  /** Settled, and not a dep file: malformed, too big, not a regular file. `content` identifies what was refused. */
  | { readonly kind: 'refused'; readonly content: string; readonly line?: number; readonly problem: string }
  /** `content` is the SHA-256 of the file's bytes, hex. */
  | { readonly kind: 'wanted'; readonly content: string; readonly request: DepRequest };
