import { busy, smallest } from '../haproxy/limits';
import type { Label } from './label';

/** A server's last `maxconn` counts. No machine has a smaller share for a task, so none gives away what belongs to other services. */
const most = smallest.SLUICE_REQUESTS_OF_TASK;

export const maxconn: Label = {
  key: 'maxconn',
  value: `how many requests a task gets at once, from \`1\` to \`${most}\`; as many of the service wait for two seconds, others get 503`,
  standard: `the machine's share for a task: ${most} on a t4g.nano`,
  right: `a number from 1 to ${most}; without the label a task gets the machine's share for one`,
  read: (text) => (/^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= most ? text : undefined),
  lines: (value) => [`http-request ${busy} if { queue ge ${value} }`],
  server: (value) => `maxconn ${value}`,
};
