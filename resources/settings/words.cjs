// Writes a setting and its value into a sentence.
const { closest, distance } = require('fastest-levenshtein');
const { domainToASCII } = require('node:url');

/** Control and invisible characters, as in lib/printable.ts, which CommonJS cannot import. */
const unsafe = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;
const printable = (text) => text.replace(unsafe, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

const longest = 60;

/** A value of any type on one line, cut if it is long. */
function shown(value) {
  const text = [...printable(JSON.stringify(value) ?? `${value}`)];
  return text.length > longest ? `${text.slice(0, longest).join('')}…` : text.join('');
}

/** A name as people write it; in quotation marks if it is not one. */
const named = (name) => (/^[\w-]{1,40}$/.test(name) ? name : shown(name));

/** Names that people try, and what they mean. */
const meant = new Map(
  Object.entries({
    email: 'contact or alarmEmail',
    mail: 'contact or alarmEmail',
    zone: 'hostedZoneId',
    zoneid: 'hostedZoneId',
  }),
);

function unknown(name, value, names) {
  const nearest = closest(name.slice(0, longest), names);
  const away = distance(name.slice(0, longest).toLowerCase(), nearest.toLowerCase());
  const instead = meant.get(name.toLowerCase()) ?? (away <= 3 && 2 * away <= name.length ? nearest : undefined);
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (instead) return `${named(name)}: there is no such setting; did you mean ${instead}?`;
  if (isMap)
    return `${named(name)}: there is no such setting; the block of a stage stands beside \`default:\`, not below it`;
  return `${named(name)}: there is no such setting; settings.example.yml names all`;
}

/** The host name that was meant by an address, capitals or an extra dot; empty if there is none. */
function hostIn(value) {
  if (typeof value !== 'string' || value.length > 500) return '';
  const host = value
    .trim()
    .replace(/^([a-z][a-z0-9+.-]*:)?\/\//i, '')
    .replace(/[/?#].*$/s, '')
    .replace(/^.*@/s, '')
    .replace(/:\d*$/, '')
    .replace(/\.+$/, '')
    .toLowerCase();
  const [, star = '', rest = ''] = /^(\*\.)?(.*)$/s.exec(host) ?? [];
  // `domainToASCII` would read a number as an IP address.
  return star + (/^[\x20-\x7e]*$/.test(rest) ? rest : domainToASCII(rest));
}

module.exports = { hostIn, named, printable, shown, unknown };
