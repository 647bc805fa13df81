import type { Bench } from './bench';

/** In the order in which `all` runs them. */
export const benches: Readonly<Record<string, Bench>> = {
  edge: {
    summary: "Sluice's CPU for a request, delay and memory, against a minimal configuration and against other proxies",
    options: [
      { flags: '--rounds <n>', says: 'each measures every configuration four times, in turn', standard: 7, short: 1 },
      { flags: '--seconds <s>', says: 'of load for each measurement', standard: 0.35, short: 0.05 },
      { flags: '--rate <n>', says: 'requests a second, for the delay', standard: 1000, short: 500 },
      { flags: '--tasks <n>', says: 'at most, for the memory: 10, 1,000 and 5,000', standard: 5000, short: 10 },
    ],
    load: () => import('./edge/edge'),
  },
  propagation: {
    summary: 'how soon a new task gets its first request in a rolling deploy, and what fails, against DNS and Traefik',
    options: [
      { flags: '--deploys <n>', says: 'of two services at once', standard: 20, short: 1 },
      { flags: '--rate <n>', says: 'requests a second to each service by each way', standard: 50, short: 25 },
      { flags: '--longest-ttl <s>', says: 'of the DNS records, beside 10 s', standard: 60, short: 10 },
    ],
    load: () => import('./propagation/propagation'),
  },
  sync: {
    summary:
      'one run of the sync on the instance: nothing changed, one task of 50 and of 5,000, all of them, a new host',
    options: [
      { flags: '--rounds <n>', says: 'each makes every run once', standard: 9, short: 1 },
      { flags: '--tasks <n>', says: 'of the proxy with many', standard: 5_000, short: 1_000 },
    ],
    load: () => import('./sync/sync'),
  },
  functions: {
    summary:
      'size, start and CPU of the functions; calls and rounds of reconcile at up to 5,000 tasks; a burst of events',
    options: [
      { flags: '--rounds <n>', says: 'starts of each function, and as many of a bare handler', standard: 21, short: 3 },
      { flags: '--most-tasks <n>', says: 'in the largest fleet', standard: 5_000, short: 100 },
    ],
    load: () => import('./functions/functions'),
  },
  lines: {
    summary: "which lines of Sluice's configuration cost most",
    options: [
      { flags: '--rounds <n>', says: 'of each line', standard: 5, short: 1 },
      { flags: '--seconds <s>', says: 'of load for each measurement', standard: 0.2, short: 0.1 },
    ],
    load: () => import('./edge/lines'),
  },
};
