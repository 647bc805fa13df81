import { isHost } from '../routes/hosts';
import { isPath, isTime, secondsOf } from './grammar';
import type { Label, Labels, Shaped } from './label';

/** Two failed checks take out a task that refuses connections; a database that pauses causes no such failure. */
const tcpCheck = { fast: '250ms', rise: '2', fall: '2' };

/**
 * A pause of something behind all tasks must not take them out: the third failure in a row comes 5 s after the first for a bad answer, and
 * 7 s without an answer within `timeout check`. A passed check clears earlier failures.
 */
const httpCheck = { fast: '2500ms', rise: '1', fall: '3' };

export const check: Label = {
  key: 'check',
  value: '`tcp`, or the path of a check that must answer 2xx or 3xx',
  standard: '`tcp`',
  right: 'tcp or a path such as /health',
  read: (text) => (text === 'tcp' || isPath(text) ? text : undefined),
  lines: (value, backend) => (value === 'tcp' ? [] : httpLines(value, backend)),
};

/**
 * Every server is checked, so these words do not come from a label. `inter` counts while a task is well, `fastinter` between two answers that
 * have not settled whether it is. `downinter` admits a new task within half a second after it answers.
 */
export function checkWords(labels: Labels): string {
  const { fast, rise, fall } = isByHttp(labels) ? httpCheck : tcpCheck;
  const interval = labels['check.interval'] ?? standardInterval;
  const between = isByHttp(labels) && secondsOf(interval) > 2 ? interval : fast;
  return `check inter ${interval} fastinter ${between} downinter 250ms rise ${labels['check.rise'] ?? rise} fall ${labels['check.fall'] ?? fall}`;
}

const standardInterval = '1s';
const minute = 60;
const isByHttp = ({ check: path = 'tcp' }: Labels): boolean => path !== 'tcp';
const needsHttp = 'needs a check by HTTP: give haproxy.check a path such as /health';

const count = (text: string): string | undefined => (/^([1-9]|10)$/.test(text) ? text : undefined);

/** Further labels of a check. Whatever they say, no request comes before the first passed check. */
export const checkLabels: readonly Label[] = [
  {
    key: 'check.interval',
    value: 'the time between checks of a task that is well',
    standard: '`1s`',
    right: 'a time from 1s to 1m, such as 10s',
    read: (text) => (isTime(text, minute) ? text : undefined),
  },
  {
    key: 'check.timeout',
    value: 'how long the answer to a check may take, at most `haproxy.check.interval`',
    standard: '`1s`',
    right: 'a time from 1s to 1m, such as 5s',
    read: (text) => (isTime(text, minute) ? text : undefined),
    contradiction: (value, _, labels) => {
      const { 'check.interval': interval = standardInterval } = labels;
      if (!isByHttp(labels)) return needsHttp;
      const isLonger = secondsOf(value) > secondsOf(interval);
      return isLonger ? `is longer than haproxy.check.interval, ${interval}: make that longer too` : undefined;
    },
    lines: (value) => [`timeout check ${value}`],
  },
  {
    key: 'check.rise',
    value: 'how many checks in a row bring a task in: `1` to `10`',
    standard: '`1`, for `tcp` `2`',
    right: 'a number from 1 to 10',
    read: count,
  },
  {
    key: 'check.fall',
    value: 'how many failed checks in a row take a task out: `1` to `10`',
    standard: '`3`, for `tcp` `2`',
    right: 'a number from 1 to 10',
    read: count,
  },
  {
    key: 'check.status',
    value: 'the statuses that pass the check: `200`, `200-299,401`',
    standard: '`200-399`',
    right: 'a list of statuses from 100 to 599 such as 200 or 200-299,401',
    read: statuses,
    contradiction: (_, __, labels) => (isByHttp(labels) ? undefined : needsHttp),
  },
  {
    key: 'check.host',
    value: 'the `Host` of the check',
    standard: 'the first exact host',
    right: 'a host such as shop.example.com',
    read: (text) => (isHost(text.toLowerCase()) && !text.includes('*') ? text.toLowerCase() : undefined),
    contradiction: (_, __, labels) => (isByHttp(labels) ? undefined : needsHttp),
  },
];

function statuses(text: string): string | undefined {
  const list = text.split(',').map((each) => each.trim());
  const isRight = list.every((each) => {
    const [, from, to = from] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(each) ?? [];
    return Number(from) <= Number(to);
  });
  return isRight && list.length <= 10 ? list.join(',') : undefined;
}

/** Checks look like the requests that the application expects: a known host, over HTTPS. */
function httpLines(path: string, { routes, labels }: Shaped): readonly string[] {
  const host =
    labels['check.host'] ??
    routes.find((route) => !route.host.startsWith('*'))?.host ??
    routes[0]?.host.replace(/^\*\.?/, '');
  const headers = `hdr Host ${host || 'localhost'} hdr X-Forwarded-Proto https hdr X-SSL 1 hdr User-Agent sluice`;
  return [
    'option httpchk',
    `http-check send meth GET uri ${path} ver HTTP/1.1 ${headers}`,
    `http-check expect status ${labels['check.status'] ?? '200-399'}`,
  ];
}
