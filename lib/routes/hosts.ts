import { domainToASCII } from 'node:url';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
/** RFC 1123, section 2.1, in lower case; `*` alone or as the first label. */
const hostGrammar = new RegExp(`^(\\*|(\\*\\.)?${label}(\\.${label})*)$`);

export const listedHosts = (value: string): readonly string[] =>
  [...new Set(value.split(',').map((host) => host.trim().toLowerCase()))].sort();

export const isHost = (text: string): boolean => text.length <= 253 && hostGrammar.test(text);

const fewHosts = 5;

/** The patterns below are slow on much longer text. */
const longestEntry = 500;

/** Guesses what a browser would send instead. */
export function correctedHosts(value: string): readonly string[] {
  const entries = value.split(/[\s,;]+/).filter((entry) => entry !== '');
  const shown = entries.length > fewHosts ? entries.filter((entry) => !isHost(entry.toLowerCase())) : entries;
  return [...new Set(shown.map(correctedHost))].filter(isHost).slice(0, fewHosts);
}

function correctedHost(entry: string): string {
  if (entry.length > longestEntry) return '';
  const host = entry
    .replace(/^["'`]+|["'`]+$/g, '')
    .replace(/^([a-z][a-z0-9+.-]*:)?\/\//i, '')
    .replace(/[/?#].*$/s, '')
    .replace(/^.*@/s, '')
    .replace(/:\d*$/, '')
    .replace(/(?<!\*)[.\u3002\uff0e\uff61]+$/, '')
    .replace(/^\.(?=.)/, '*.')
    .replace(/(?<=[^._])_+(?=[^._])/g, '-')
    .replaceAll('_', '')
    .toLowerCase();
  const [, star = '', rest = ''] = /^(\*\.)?(.*)$/s.exec(host) ?? [];
  // domainToASCII would take a number for an IP address.
  return /^[\x20-\x7e]*$/.test(rest) ? host : star + domainToASCII(rest);
}
