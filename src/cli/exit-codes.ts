/** Exit codes, after sysexits.h where it has a word for it. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  locked: 75,
  config: 78,
} as const;
