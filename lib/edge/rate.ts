import { limit } from '../haproxy/limits';
import { isTime, secondsOf } from './grammar';
import type { Label } from './label';

/**
 * HAProxy has three counters that follow a stream, and lib/haproxy/limits.ts uses them all, so this one is kept by hand: a refused request does
 * not count. A key of eight bytes is an IPv4 address, or the /64 of an IPv6 address, which is one customer's line. An entry takes 230 bytes; a
 * full table forgets the oldest.
 */
export const rate: Label = {
  key: 'rate',
  value: 'how many requests a client may make in a time, then it gets 429: `100/10s`',
  standard: 'any number',
  right: 'a number of requests from 1 to 9999, a slash, and a time from 1s to 1h, such as 100/10s',
  read: (text) => {
    const [, time = ''] = /^[1-9][0-9]{0,3}\/(.*)$/s.exec(text) ?? [];
    return isTime(time, 3600) ? text : undefined;
  },
  lines: (value) => {
    const [count, time = ''] = value.split('/');
    const words = 'Too many requests came from your address. Please try again later.';
    return [
      `stick-table type binary len 8 size ${limit('SLUICE_SOCKETS')} expire ${time} store gpc0,gpc0_rate(${time})`,
      `http-request return status 429 content-type text/plain hdr Retry-After ${secondsOf(time)} string "${words}" if { src_gpc0_rate ge ${count} }`,
      'http-request set-var(txn.counted) src_inc_gpc0',
    ];
  },
};
