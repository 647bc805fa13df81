import { isTime } from './grammar';
import type { Label } from './label';

const hour = 3600;

/** `timeout server` is the time to the first byte of an answer, and the longest pause within one. */
export const timeout: Label = {
  key: 'timeout',
  value: 'how long a task may take to answer, and pause within an answer, then the visitor gets 504: `120s`, `5m`',
  standard: '`60s`',
  right: 'a time from 1s to 1h, such as 120s or 5m',
  read: (text) => (isTime(text, hour) ? text : undefined),
  lines: (value) => [`timeout server ${value}`],
};

/** Before an answer only the request says that events will follow (HTML, 9.2.1: browsers send this `Accept`). */
export const timeoutIdle: Label = {
  key: 'timeout.idle',
  value: 'how long a WebSocket, or a stream of events (SSE), may be silent: `10m`, `12h`',
  standard: '`1h` for WebSockets, `haproxy.timeout` for events',
  right: 'a time from 1s to 24h, such as 10m or 12h',
  read: (text) => (isTime(text, 24 * hour) ? text : undefined),
  lines: (value) => [
    `timeout tunnel ${value}`,
    `http-request set-timeout server ${value} if { req.hdr(Accept) -i -m sub text/event-stream }`,
  ],
};
