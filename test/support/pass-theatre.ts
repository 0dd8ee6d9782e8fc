/** A work queue whose passes end when the test says so, on a clock that stands still. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { type TargetKey, targetKey } from '../../src/domain/target.ts';
import { createWorkQueue, type PassResult, type WorkQueue } from '../../src/queue/work-queue.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

export interface PassTheatre {
  readonly queue: WorkQueue;
  readonly clock: ManualClock;
  /** Names of the passes begun so far, in order. */
  readonly begun: readonly string[];
  readonly errors: readonly unknown[];
  /** The most passes of one key, and of all, that ever ran at once. */
  readonly most: { readonly perKey: number; readonly together: number };
  key(name: string): TargetKey;
  add(...names: readonly string[]): Promise<void>;
  /** Ends the running pass of this name. */
  end(name: string, result?: PassResult | Error): Promise<void>;
  /** Moves the clock, then lets everything ready run. */
  pass(ms: number): Promise<void>;
}

export function createPassTheatre({ concurrency = 100, random = 0 } = {}): PassTheatre {
  const clock = createManualClock();
  const begun: string[] = [];
  const errors: unknown[] = [];
  const most = { perKey: 0, together: 0 };
  const running: { readonly name: string; readonly end: PromiseWithResolvers<PassResult> }[] = [];
  const key = (name: string) => targetKey({ service: name, namespace: 'prod' });

  const queue = createWorkQueue({
    concurrency,
    clock,
    random: () => random,
    onError: (_key, error) => errors.push(error),
    run: (of) => {
      const name = of.replace('_prod', '');
      const end = Promise.withResolvers<PassResult>();
      begun.push(name);
      running.push({ name, end });
      most.perKey = Math.max(most.perKey, running.filter((pass) => pass.name === name).length);
      most.together = Math.max(most.together, running.length);
      return end.promise;
    },
  });

  return {
    queue,
    clock,
    begun,
    errors,
    most,
    key,
    async add(...names) {
      for (const name of names) queue.add(key(name));
      await turnOfTheLoop();
    },
    async end(name, result = {}) {
      const index = running.findIndex((pass) => pass.name === name);
      const [pass] = index === -1 ? [] : running.splice(index, 1);
      if (pass === undefined) throw new Error(`no pass of ${name} runs`);
      if (result instanceof Error) pass.end.reject(result);
      else pass.end.resolve(result);
      await turnOfTheLoop();
    },
    async pass(ms) {
      clock.advance(ms);
      await turnOfTheLoop();
    },
  };
}
