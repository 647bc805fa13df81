// The settings, checked all at once before anything is packaged.
// What each means, and its default, stands in settings.example.yml.
const { closest } = require('fastest-levenshtein');
const { z } = require('zod');

const { derive, isArm } = require('./derived.cjs');

const host = z.string().regex(/^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/, {
  error: 'is no domain name in lower case, such as example.com or *.example.com',
});
const id = (kind) =>
  z.string().regex(new RegExp(`^${kind}-[0-9a-f]{8,17}$`), `must look like ${kind}-0123456789abcdef0`);
const zone = z
  .string()
  .regex(/^Z[A-Z0-9]{4,31}$/, 'must be the id of a Route 53 hosted zone, such as Z0123456789ABCDEFGHIJ');
/** On the command line a list is comma separated, and a switch is a word. */
const list = (each) =>
  z.preprocess((value) => (typeof value === 'string' ? split(value, ',') : value), z.array(each).min(1).optional());
const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());
const split = (value, mark) => value.split(mark).map((part) => part.trim());
const certificates = z.preprocess(
  (value) => (typeof value === 'string' ? split(value, ';').map((names) => split(names, ',')) : value),
  z
    .array(z.array(host).min(1).max(25))
    .min(1)
    .max(20)
    // All that a function is told may have 4 KB (AWS: Lambda quotas, environment variables).
    .refine((all) => JSON.stringify(all).length <= 3000, 'have more than 3000 characters together: use wildcards')
    .refine(
      (all) => new Set(all.map(([first]) => first)).size === all.length,
      'must not begin with the same name twice',
    )
    .optional(),
);
const email = z.email('is no e-mail address');

const schema = z.strictObject({
  domain: host.refine((name) => !name.startsWith('*'), 'is the domain itself, without *.'),
  hostedZoneId: zone,
  acceptTerms: flag.default(false),
  contact: email.optional(),
  alarmEmail: email.optional(),
  certificates,
  keyType: z.enum(['ecdsa-p256', 'rsa-2048']).default('ecdsa-p256'),
  acmeDirectory: z.union([z.enum(['production', 'staging']), z.url({ protocol: /^https$/ })]).default('production'),
  acmeProfile: z.enum(['', 'classic', 'tlsserver', 'shortlived']).default(''),
  challengeZones: list(zone),
  proxies: z.coerce.number().int().min(1).max(3).default(1),
  proxyInstanceType: z
    .string()
    .regex(/^[a-z]+[0-9]+g[a-z]*\.[a-z0-9]+$/, 'must be a type with an Arm processor, such as t4g.nano')
    .default('t4g.nano'),
  dns: z.enum(['none', 'apex', 'apex+wildcard']).optional(),
  vpcCidr: z
    .cidrv4('is no IPv4 range, such as 10.77.0.0/16')
    .refine((range) => /\/(1[6-9]|2[0-3])$/.test(range), 'must be between /16 and /23, for two subnets of /24')
    .default('10.77.0.0/16'),
  taskCapacity: z.enum(['spot', 'on-demand']).default('spot'),
  taskInstanceTypes: list(z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9]+$/, 'is no instance type, such as t4g.small')),
  maxTaskHosts: z.coerce.number().int().min(1).max(100).default(4),
  helloWorld: flag.optional(),
  cloudMap: flag.default(false),
  alb: flag.default(false),
  albPercent: z.coerce.number().int().min(0).max(100).default(0),
  vpcId: id('vpc').optional(),
  publicSubnetIds: list(id('subnet')),
  clusters: list(z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, 'is no name of an ECS cluster; give names, not ARNs')),
  taskSecurityGroupIds: list(id('sg')),
});

/** Faults between settings that may each be right. */
function contradictions(given) {
  const faults = [];
  const joined = ['vpcId', 'publicSubnetIds', 'clusters'];
  const missing = joined.filter((name) => given[name] === undefined);
  if (missing.length > 0 && missing.length < joined.length)
    for (const name of missing) faults.push(`${name}: is missing: ${joined.join(', ')} go together`);
  if (missing.length > 0 && given.taskSecurityGroupIds) faults.push('taskSecurityGroupIds: needs vpcId beside it');
  if (given.vpcId && `${given.helloWorld}` === 'true')
    faults.push('helloWorld: has no place in clusters that are not this stack’s own');
  if (`${given.cloudMap}` === 'true' && (given.vpcId || `${given.helloWorld}` === 'false'))
    faults.push('cloudMap: needs helloWorld');
  faults.push(...albContradictions(given));
  const types = split([given.taskInstanceTypes ?? []].flat().join(), ',');
  if (new Set(types.map(isArm)).size > 1)
    faults.push('taskInstanceTypes: must all have one processor, Arm (such as t4g.small) or x86 (such as t3a.small)');
  return faults;
}

function albContradictions({ alb, albPercent = 0, vpcId, helloWorld, dns }) {
  const faults = [];
  const wanted = `${alb}` === 'true';
  if (wanted && (vpcId || `${helloWorld}` === 'false'))
    faults.push('alb: needs helloWorld, which it serves; docs/way-up.md tells the way for services of your own');
  if (Number(albPercent) > 0 && !wanted) faults.push('albPercent: needs alb, or it would lead to nobody');
  if (Number(albPercent) > 0 && dns === 'none')
    faults.push('albPercent: needs records; with `dns: none` move your own');
  return faults;
}

const unknown = (name) =>
  `${name}: there is no such setting; did you mean ${closest(name, Object.keys(schema.shape))}?`;

/** Reads every setting that was given. @throws one error that names each fault, and what to do. */
function check(given, where) {
  const read = schema.safeParse(given);
  const wrong = (read.error?.issues ?? []).flatMap(({ path, code, keys, message }) => {
    if (code === 'unrecognized_keys') return keys.map(unknown);
    return `${path.join('.')}: ${given[path[0]] === undefined ? 'is missing' : message}`;
  });
  const faults = [...wrong, ...contradictions(given)];
  if (faults.length === 0) return read.data;
  const what = `Settings are missing or wrong in ${where}; settings.example.yml explains each.`;
  // The packager prints the stack: the words alone are of use.
  throw Object.assign(new Error(), {
    stack: `${what}\n  ${faults.join('\n  ')}`,
    message: `${what} ${faults.join('; ')}`,
  });
}

const read = async ({ resolveVariable, resolveConfigurationProperty, options }) => {
  const stage = await resolveVariable('sls:stage');
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage))
    throw new Error(`--stage ${stage}: use lower case letters, digits and hyphens, 20 at most`);
  const params = (await resolveConfigurationProperty(['params'])) ?? {};
  const fromFile = { ...params.default, ...params[stage] };
  const fromCommand = (options.param ?? []).map((param) => param.split('=', 1)[0]);
  const given = {};
  for (const name of new Set([...Object.keys(fromFile), ...fromCommand])) {
    const value = await resolveVariable(`param:${name}, null`);
    if (value !== null) given[name] = value;
  }
  return derive(check(given, 'settings.yml or --param'), stage);
};

module.exports = read;
module.exports.check = check;
module.exports.names = Object.keys(schema.shape);
