import type { Label } from './label';
import { clientLines, networksRight, readNetworks } from './networks';

const retrySeconds = 60;

/** The page is the stage's own for 503, and says nothing of tasks. */
export const maintenance: Label = {
  key: 'maintenance',
  value: '`on`, or clients that may still enter, as in `haproxy.allow`; others get 503',
  standard: 'off',
  right: `on, or ${networksRight}`,
  read: (text) => (text === 'on' ? text : readNetworks(text)),
  lines: (value) => {
    // Without a condition HAProxy would warn that the rules of other labels do nothing.
    const [guests, others] = value === 'on' ? [[], 'if TRUE'] : [clientLines('guest', value), 'unless guest'];
    return [
      ...guests,
      `http-request return status 503 default-errorfiles ${others}`,
      `http-after-response set-header Retry-After ${retrySeconds} ${others}`,
    ];
  },
};
