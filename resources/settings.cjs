// The settings, checked all at once before anything is packaged, and what follows from them for the other files here.
// What each means, and its default, stands in settings.example.yml.
const { z } = require('zod');

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
  z.array(z.array(host).min(1).max(25)).min(1).max(20).optional(),
);
const email = z.email('is no e-mail address');

const schema = z
  .strictObject({
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
    vpcId: id('vpc').optional(),
    publicSubnetIds: list(id('subnet')),
    clusters: list(z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, 'is no name of an ECS cluster; give names, not ARNs')),
    taskSecurityGroupIds: list(id('sg')),
    vpcCidr: z.cidrv4('is no IPv4 range, such as 10.77.0.0/16').default('10.77.0.0/16'),
    dns: z.enum(['none', 'apex', 'apex+wildcard']).optional(),
    proxies: z.coerce.number().int().min(1).max(3).default(1),
    proxyInstanceType: z
      .string()
      .regex(/^[a-z]+[0-9]+g[a-z]*\.[a-z0-9]+$/, 'must be a type with an Arm processor, such as t4g.nano')
      .default('t4g.nano'),
    taskCapacity: z.enum(['spot', 'on-demand']).default('spot'),
    taskInstanceTypes: list(z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9]+$/, 'is no instance type, such as t4g.small')),
    maxTaskHosts: z.coerce.number().int().min(1).max(100).default(4),
    helloWorld: flag.optional(),
    cloudMap: flag.default(false),
  })
  .superRefine((given, { addIssue }) => {
    const fault = (name, message) => addIssue({ code: 'custom', path: [name], message });
    const joined = ['vpcId', 'publicSubnetIds', 'clusters'];
    const missing = joined.filter((name) => given[name] === undefined);
    if (missing.length > 0 && missing.length < joined.length) {
      for (const name of missing) fault(name, `is missing: ${joined.join(', ')} go together, to join what is there`);
    }
    if (missing.length > 0 && given.taskSecurityGroupIds) fault('taskSecurityGroupIds', 'needs vpcId beside it');
    if (given.vpcId && given.helloWorld) fault('helloWorld', 'has no place in clusters that are not this stack’s own');
    if (given.cloudMap && (given.vpcId || given.helloWorld === false)) fault('cloudMap', 'needs helloWorld beside it');
    const types = (given.taskInstanceTypes ?? []).map(isArm);
    if (new Set(types).size > 1) fault('taskInstanceTypes', 'must all have one processor: Arm (such as t4g) or x86');
  });

const isArm = (type) => /^[a-z]+[0-9]+g/.test(type);

/** Reads every setting that was given. @throws one error that names each fault, and what to do. */
function check(given, where) {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, code, keys, message, input }) => {
    if (code === 'unrecognized_keys') return `${keys.join(', ')}: there is no such setting`;
    const missing = code === 'invalid_type' && input === undefined && given[path[0]] === undefined;
    return `${path.join('.')}: ${missing ? 'is missing' : message}`;
  });
  const what = `Settings are missing or wrong in ${where}; settings.example.yml explains each.`;
  // The packager prints the stack: the words alone are of use.
  throw Object.assign(new Error(), {
    stack: `${what}\n  ${faults.join('\n  ')}`,
    message: `${what} ${faults.join('; ')}`,
  });
}

/** What the other files need, besides the settings as given. */
function derive(settings, stage) {
  const own = settings.vpcId === undefined;
  const { domain, contact = `hostmaster@${domain}` } = settings;
  const helloWorld = settings.helloWorld ?? own;
  const taskInstanceTypes = settings.taskInstanceTypes ?? ['t4g.small', 't4g.medium', 'm6g.medium', 'm7g.medium'];
  return {
    ...settings,
    contact,
    alarmEmail: settings.alarmEmail ?? contact,
    certificates: settings.certificates ?? [[domain, `*.${domain}`]],
    challengeZones: settings.challengeZones ?? [],
    clusters: settings.clusters ?? [`sluice-${stage}`],
    dns: settings.dns ?? (own ? 'apex+wildcard' : 'none'),
    helloWorld,
    taskInstanceTypes,
    taskArchitecture: isArm(taskInstanceTypes[0]) ? 'arm64' : 'x86_64',
    taskSecurityGroupIds: settings.taskSecurityGroupIds ?? [],
    own,
    vpc: settings.vpcId ?? { Ref: 'Vpc' },
    subnets: settings.publicSubnetIds ?? [{ Ref: 'SubnetA' }, { Ref: 'SubnetB' }],
    slots: Array.from({ length: settings.proxies }, (_, index) => index + 1),
  };
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
