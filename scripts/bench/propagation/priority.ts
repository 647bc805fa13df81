import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Puts this process and what it starts before others on a shared processor, as far as the kernel lets it: Linux shares a core between
 * sessions, and each process that is started here has its own (proc(5): autogroup). Only root may. The tasks, which have hosts of their
 * own elsewhere, set another value and keep it: between the proxies and the other processes of the machine, which must not starve them.
 */
export function goFirst(): { readonly stop: () => void } {
  set('self', -10);
  const timer = setInterval(() => {
    for (const pid of children()) set(pid, -10);
  }, 20);
  return {
    stop: () => {
      clearInterval(timer);
      set('self', 0);
    },
  };
}

/** Before a task's command. */
export const givingWay = [
  'sh',
  '-c',
  '{ echo -4 >/proc/$$/autogroup || echo 3 >/proc/$$/autogroup; } 2>/dev/null; exec "$@"',
  'task',
];

function children(): readonly string[] {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

/** A session that has another value than the usual 0 keeps it. */
function set(pid: string, value: number): void {
  const file = `/proc/${pid}/autogroup`;
  try {
    if (pid === 'self' || readFileSync(file, 'utf8').endsWith(' nice 0\n')) writeFileSync(file, String(value));
  } catch {
    // It has ended, this is not Linux, or this is not root.
  }
}
