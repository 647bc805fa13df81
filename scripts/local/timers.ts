/** Timers that end together, so that a stopped world does nothing more. */
export function timers() {
  const running = new Set<NodeJS.Timeout>();
  let stopped = false;

  const after = (milliseconds: number, run: () => void): void => {
    if (stopped) return;
    const timer = setTimeout(() => {
      running.delete(timer);
      run();
    }, milliseconds);
    running.add(timer);
  };

  /** The next round begins a pause after the last one ended. */
  const every = (milliseconds: number, run: () => unknown): void =>
    after(milliseconds, async () => {
      await run();
      every(milliseconds, run);
    });

  return {
    after,
    every,
    stop: (): void => {
      stopped = true;
      for (const timer of running) clearTimeout(timer);
    },
  };
}

export type Timers = ReturnType<typeof timers>;
