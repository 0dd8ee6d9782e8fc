/** Lets at most `limit` run at once; the others wait in line. */
export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(limit: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;

  return {
    async run(work) {
      // A place given back is handed to the next in line, so `running` does not dip and nobody jumps the queue.
      if (running < limit) running += 1;
      else await new Promise<void>((admit) => waiting.push(admit));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
