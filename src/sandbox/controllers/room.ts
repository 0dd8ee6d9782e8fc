/** What every controller works with. */
import type { Store, StoreEvent } from '../store.ts';
import type { Clock } from './clock.ts';
import type { Recorder } from './events.ts';

export interface Room {
  readonly store: Store;
  readonly clock: Clock;
  readonly record: Recorder;
}

/** A controller hears of every change and works on what concerns it later, never inside the write. */
export interface Controller {
  see(event: StoreEvent): void;
  pause(): void;
  resume(): void;
  stop(): void;
}
