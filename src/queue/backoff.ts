/**
 * The delay before try number `failures` (from 1): doubles from 250 ms to at most 30 s, less up to half of it at
 * random, so that many targets that failed together do not come back together. The cap keeps recovery within 30 s of
 * the end of an outage.
 *
 * @param random a number in [0, 1)
 */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(250 * 2 ** Math.min(failures - 1, 10), 30_000);
  return full * (1 - random / 2);
}
