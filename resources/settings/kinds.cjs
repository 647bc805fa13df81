// The kinds of values of settings. On the command line a list is comma separated, and a switch is a word.
const { isIP } = require('node:net');
const { z } = require('zod');

const { hostIn } = require('./words.cjs');

const split = (value, mark) => value.split(mark).map((part) => part.trim());

const hostGrammar = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
const isHost = (text) => text.length <= 253 && hostGrammar.test(text);
const isDomain = (text) => isHost(text) && !text.startsWith('*');

/** A kind: what a value must be, in words; how it is read; and what the author of a wrong value may have meant. */
const kind = (what, schema, guess = () => '') => ({ what, schema, guess });

const text = (what, grammar) => kind(what, z.string().regex(grammar));

const oneOf = (...words) => {
  const named = words.filter((word) => word !== '');
  return kind(`${named.slice(0, -1).join(', ')} or ${named.at(-1)}`, z.enum(words));
};

/** YAML and people write a version as a number. */
const version = (...some) => {
  const { what, schema } = oneOf(...some);
  return kind(
    what,
    z.preprocess((value) => (typeof value === 'number' ? `${value}` : value), schema),
  );
};

const whole = (least, most) => {
  const digits = (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value.trim()) ? Number(value) : value);
  return kind(`a whole number from ${least} to ${most}`, z.preprocess(digits, z.int().min(least).max(most)));
};

const words = new Map(Object.entries({ true: true, yes: true, on: true, false: false, no: false, off: false }));
const flag = kind(
  'true or false',
  z.preprocess((value) => words.get(`${value}`.trim().toLowerCase()) ?? value, z.boolean()),
);

const list = (what, each) => ({
  ...kind(
    what,
    z.preprocess((value) => (typeof value === 'string' ? split(value, ',') : value), z.array(each.schema).min(1)),
  ),
  each,
  depth: 1,
});

/** `aws route53 list-hosted-zones` shows an id behind /hostedzone/. */
const bare = (value) => (typeof value === 'string' ? value.trim().replace(/^\/?hostedzone\//, '') : value);
const zone = kind(
  'the id of a Route 53 hosted zone such as Z0123456789ABCDEFGHIJ (`aws route53 list-hosted-zones` shows it)',
  z.preprocess(bare, z.string().regex(/^Z[A-Z0-9]{4,31}$/)),
);

const domain = kind('a domain name such as example.com', z.string().refine(isDomain), (value) => {
  const name = hostIn(value).replace(/^\*\./, '');
  return isDomain(name) ? name : '';
});
const host = kind('a domain name such as example.com or *.example.com', z.string().refine(isHost), (value) =>
  isHost(hostIn(value)) ? hostIn(value) : '',
);
const email = kind('an e-mail address such as hostmaster@example.com', z.email());

/** Lists of names; one list alone is one certificate. */
function certificateLists(value) {
  if (typeof value === 'string') return split(value, ';').map((names) => split(names, ','));
  const isFlat = Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
  return isFlat ? [value] : value;
}

const certificates = {
  ...kind(
    'a list of lists of names such as [[example.com, "*.example.com"]], 20 at most, each of 25 at most',
    z.preprocess(certificateLists, z.array(z.array(host.schema).min(1).max(25)).min(1).max(20)),
  ),
  each: host,
  depth: 2,
};

const id = (name, of) =>
  text(`the id of a ${name} such as ${of}-0123456789abcdef0`, new RegExp(`^${of}-[0-9a-f]{8,17}$`));

const range = kind(
  'an IPv4 range from /16 to /23 such as 10.77.0.0/16',
  z.cidrv4().refine((value) => /\/(1[6-9]|2[0-3])$/.test(value)),
);

/** A wider range, such as 0.0.0.0/0 or the ::ffff:0:0/96 that holds all of IPv4, would let strangers choose their own address. */
const widest = { 4: 8, 6: 16 };
const longest = { 4: 32, 6: 128 };
function isProxyRange(value) {
  const [, address = '', bits] = /^(?!0*:)([0-9a-f.:]+)\/([1-9][0-9]*)$/i.exec(value) ?? [];
  const version = isIP(address);
  return version !== 0 && bits >= widest[version] && bits <= longest[version];
}
const ofOne = (address) => `${address}/${longest[isIP(address)] ?? ''}`;
const proxyRange = kind(
  'an address or a range such as 203.0.113.0/24 or 2001:db8::/32, at the widest /8 of IPv4 or /16 of IPv6',
  z.preprocess((value) => (isIP(value) ? ofOne(value) : value), z.string().refine(isProxyRange)),
);
const directory = kind(
  'production, staging or an address that begins with https://',
  z.union([z.enum(['production', 'staging']), z.url({ protocol: /^https$/ })]),
);

module.exports = {
  certificates,
  directory,
  domain,
  email,
  flag,
  id,
  list,
  oneOf,
  proxyRange,
  range,
  text,
  version,
  whole,
  zone,
};
