import type { Label } from './label';

const yearSeconds = 31_536_000;
/** Also as the header is written (RFC 6797, 6.1). */
const grammar = /^(?:max-age=)?(\d{1,9})(?:(?:[;,] ?| )(includeSubDomains))?$/i;

export const hsts: Label = {
  key: 'hsts',
  value: '`on` (a year), or seconds, perhaps with `includeSubDomains`: browsers then ask by HTTPS only',
  standard: 'what the task says',
  right: 'on, or seconds such as 31536000 or 31536000 includeSubDomains',
  read(text) {
    const [, seconds, subdomains] = grammar.exec(text === 'on' ? `${yearSeconds}` : text) ?? [];
    return seconds && `${Number(seconds)}${subdomains ? ';includeSubDomains' : ''}`;
  },
  lines: (value) => [
    `http-after-response set-header Strict-Transport-Security "max-age=${value.replace(';', '; ')}" if { ssl_fc }`,
  ],
};
