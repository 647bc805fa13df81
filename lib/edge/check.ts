import { isPath } from './grammar';
import type { Label, Labels, Shaped } from './label';

/** Two failed checks take out a task that refuses connections; a database that pauses causes no such failure. */
const tcpCheck = 'check inter 1s fastinter 250ms downinter 250ms rise 2 fall 2';

/**
 * A pause of something behind all tasks must not take them out: the third failure in a row comes 5 s after the first for a bad answer, and
 * 7 s without an answer within `timeout check`. A passed check clears earlier failures.
 */
const httpCheck = 'check inter 1s fastinter 2500ms downinter 250ms rise 1 fall 3';

export const check: Label = {
  key: 'check',
  value: '`tcp`, or the path of a check that must answer 2xx or 3xx',
  standard: '`tcp`',
  right: 'tcp or a path such as /health',
  read: (text) => (text === 'tcp' || isPath(text) ? text : undefined),
  lines: (value, backend) => (value === 'tcp' ? [] : httpLines(value, backend)),
};

/** Every server is checked, so these words do not come from a label. `downinter` admits a new task within half a second after it answers. */
export const checkWords = (labels: Labels): string => ((labels.check ?? 'tcp') === 'tcp' ? tcpCheck : httpCheck);

/** Checks look like the requests that the application expects: a known host, over HTTPS. */
function httpLines(path: string, { routes }: Shaped): readonly string[] {
  const host = routes.find((route) => !route.host.startsWith('*'))?.host ?? routes[0]?.host.replace(/^\*\.?/, '');
  const headers = `hdr Host ${host || 'localhost'} hdr X-Forwarded-Proto https hdr X-SSL 1 hdr User-Agent sluice`;
  return [
    'option httpchk',
    `http-check send meth GET uri ${path} ver HTTP/1.1 ${headers}`,
    'http-check expect status 200-399',
  ];
}
