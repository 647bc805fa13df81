import { domainToASCII } from 'node:url';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
/** RFC 1123, section 2.1, in lower case; `*` alone or as the first label. */
const grammar = new RegExp(`^(\\*|(\\*\\.)?${label}(\\.${label})*)$`);

/** The hosts of a label, each once, whether or not they are any. */
export const listedHosts = (value: string): readonly string[] => [
  ...new Set(value.split(',').map((host) => host.trim().toLowerCase())),
];

export const isHost = (text: string): boolean => text.length <= 253 && grammar.test(text);

/** Longer lists are not repeated: only what is to be written instead. */
const fewHosts = 5;

/** With a scheme, a port and a path around a host; the patterns below are slow on what is far longer. */
const longest = 500;

/** The hosts to write instead of a faulty list, where they can be guessed: what a browser would ask for. */
export function correctedHosts(value: string): readonly string[] {
  const entries = value.split(/[\s,;]+/).filter((entry) => entry !== '');
  const shown = entries.length > fewHosts ? entries.filter((entry) => !isHost(entry.toLowerCase())) : entries;
  return [...new Set(shown.map(correctedHost))].filter(isHost).slice(0, fewHosts);
}

function correctedHost(entry: string): string {
  if (entry.length > longest) return '';
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
  // It would take a number for an IP address.
  return /^[\x20-\x7e]*$/.test(rest) ? host : star + domainToASCII(rest);
}
