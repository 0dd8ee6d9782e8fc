/** Resolves when the signal is aborted, and keeps the process alive until then: the engine's own timers do not. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const keepAlive = setInterval(() => undefined, 3_600_000);
  return new Promise((resolve) => {
    const end = () => {
      clearInterval(keepAlive);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}
