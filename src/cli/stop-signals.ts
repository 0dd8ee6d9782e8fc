/** Which signals are meant: the first asks to stop, and another one is from somebody who does not want to wait. */
import { type Clock, systemClock } from '../clock.ts';

export type StopSignal = 'SIGINT' | 'SIGTERM';

export type SignalReading = 'stop' | 'stop-now' | 'echo';

/** A terminal gives Ctrl-C to everybody, and npm hands the same one on to what it runs a moment later. */
const ECHO_MS = 500;

export function createSignalReader(
  clock: Pick<Clock, 'monotonic'> = systemClock,
): (signal: StopSignal) => SignalReading {
  let first: { readonly signal: StopSignal; readonly atMs: number } | undefined;

  return (signal) => {
    const atMs = clock.monotonic();
    if (first === undefined) {
      first = { signal, atMs };
      return 'stop';
    }
    return signal === first.signal && atMs - first.atMs < ECHO_MS ? 'echo' : 'stop-now';
  };
}
