import { isPath } from './grammar';
import type { Label } from './label';

export const strip: Label = {
  key: 'strip',
  value: 'the beginning of `haproxy.path`, or all of it, that the task does not see',
  standard: 'the task sees the whole path',
  right: 'a path such as /api',
  read: (text) => (isPath(text) && text !== '/' ? text.replace(/\/$/, '') : undefined),
  contradiction: (prefix, path) =>
    path === prefix || path.startsWith(`${prefix}/`)
      ? undefined
      : `does not begin the path ${path} of its route; name whole segments of it`,
  lines: (prefix) => [
    // Without the slashes that follow: many servers take //evil.example in a request for a host, and redirect there.
    `http-request replace-path ^${prefix.replaceAll('.', '[.]')}/*(.*)$ /\\1`,
    `http-request set-header X-Forwarded-Prefix ${prefix}`,
  ],
};
