/** One line of progress: redrawn in place on a terminal, repeated every ten seconds in a log. */
const IN_PLACE_MS = 250;
const IN_LOG_MS = 10_000;

export interface Progress {
  advance(): void;
  /** Writes the closing line and ends the timer. */
  end(word: 'built' | 'failed'): void;
}

export function createProgress(what: string, total: number, out: NodeJS.WriteStream = process.stdout): Progress {
  const startedAt = performance.now();
  let done = 0;

  const seconds = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  const draw = () => {
    // Packages found in Go's own cache are not counted as built: a warm build ends far below its total.
    const line = `control plane: building ${what}: ${done} of ${total} packages, ${seconds()}`;
    out.write(out.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  };

  draw();
  const timer = setInterval(draw, out.isTTY ? IN_PLACE_MS : IN_LOG_MS);
  return {
    advance: () => {
      done += 1;
    },
    end: (word) => {
      clearInterval(timer);
      out.write(`${out.isTTY ? '\r\x1b[K' : ''}control plane: ${word} ${what} in ${seconds()}\n`);
    },
  };
}
