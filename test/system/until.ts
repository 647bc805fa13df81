import { setTimeout as pause } from 'node:timers/promises';

/** Waits until something holds. @throws after half a minute. */
export async function until(holds: () => Promise<boolean> | boolean, what = String(holds)): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    if (await Promise.resolve(holds()).catch(() => false)) return;
    await pause(20);
  }
  throw new Error(`waited 30 seconds in vain: ${what}`);
}

export { pause };
