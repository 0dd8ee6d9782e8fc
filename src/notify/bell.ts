/** Waking a loop that waits for work or for time. */
import type { Clock } from '../clock.ts';

export interface Bell {
  /** Ends the current wait, or else the next one before it begins. */
  ring(): void;
  /** Until the bell rings, or `ms` are over when given. For one waiter. */
  wait(ms?: number): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let rung = false;
  let wakeUp: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wakeUp?.();
    },
    async wait(ms) {
      if (!rung) {
        let cancel: (() => void) | undefined;
        await new Promise<void>((resolve) => {
          wakeUp = resolve;
          if (ms !== undefined) cancel = clock.after(ms, resolve);
        });
        cancel?.();
        wakeUp = undefined;
      }
      rung = false;
    },
  };
}
