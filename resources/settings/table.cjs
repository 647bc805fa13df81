// Every setting: what it must be, and its default. settings.example.yml explains each, in this order.
const {
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
} = require('./kinds.cjs');
const { readPages } = require('./pages.cjs');
const { shown } = require('./words.cjs');

const arm = text('an instance type with an Arm processor such as t4g.nano', /^[a-z]+[0-9]+g[a-z]*\.[a-z0-9]+$/);
const type = text('an instance type such as t4g.small', /^[a-z][a-z0-9-]*\.[a-z0-9]+$/);
const cluster = text('the name of an ECS cluster such as default, which is not its ARN', /^[A-Za-z0-9_-]{1,255}$/);
const folder = text('the name of a folder such as pages', /^[^\0]{0,255}$/);
const region = text('an AWS region such as eu-west-2', /^[a-z]{2,4}(-[a-z]+){1,3}-[0-9]$/);
const subnet = id('subnet', 'subnet');
const group = id('security group', 'sg');

const table = {
  domain: { kind: domain, isNeeded: true },
  hostedZoneId: { kind: zone, isNeeded: true },
  acceptTerms: { kind: flag, default: false },
  region: { kind: region, default: 'eu-west-2' },
  contact: { kind: email },
  alarmEmail: { kind: email },
  certificates: { kind: certificates, fault: tooMuch },
  // lib/certificates/due/ has the key types too, because CommonJS cannot import TypeScript.
  keyType: { kind: oneOf('ecdsa-p256', 'rsa-2048'), default: 'ecdsa-p256' },
  acmeDirectory: { kind: directory, default: 'production' },
  acmeProfile: { kind: oneOf('', 'classic', 'tlsserver', 'shortlived'), default: '' },
  challengeZones: { kind: list('a list of ids of hosted zones', zone) },
  proxies: { kind: whole(1, 3), default: 1 },
  proxyInstanceType: { kind: arm, default: 't4g.nano' },
  dns: { kind: oneOf('none', 'apex', 'apex+wildcard') },
  trustedProxies: { kind: list('a list of addresses and ranges such as [203.0.113.0/24]', proxyRange) },
  minTls: { kind: version('1.2', '1.3'), default: '1.2' },
  errorPages: { kind: folder, default: '', fault: (name) => readPages(name).fault },
  vpcCidr: { kind: range, default: '10.77.0.0/16' },
  taskCapacity: { kind: oneOf('spot', 'on-demand'), default: 'spot' },
  taskInstanceTypes: { kind: list('a list of instance types such as [t4g.small, t4g.medium]', type) },
  maxTaskHosts: { kind: whole(1, 100), default: 4 },
  helloWorld: { kind: flag },
  cloudMap: { kind: flag, default: false },
  alb: { kind: flag, default: false },
  albPercent: { kind: whole(0, 100), default: 0 },
  vpcId: { kind: id('VPC', 'vpc') },
  publicSubnetIds: { kind: list('a list of ids of subnets', subnet) },
  clusters: { kind: list('a list of names of ECS clusters such as [default]', cluster) },
  taskSecurityGroupIds: { kind: list('a list of ids of security groups', group) },
};

/** A function's environment may have 4 KB (AWS: Lambda quotas, environment variables); other variables need the rest. */
const mostCharacters = 3000;

function tooMuch(lists) {
  if (JSON.stringify(lists).length > mostCharacters)
    return `they have more than ${mostCharacters} characters together; use wildcards`;
  const twice = lists.map(([first]) => first).find((first, index, all) => all.indexOf(first) < index);
  return twice && `two of them begin with ${twice}; begin each with another name`;
}

function readSetting(name, value) {
  const { kind, fault } = table[name];
  const { data, error } = kind.schema.safeParse(value, { reportInput: true });
  if (!error) {
    const said = fault?.(data);
    return said ? { faults: [`${name}: ${said}`] } : { data, faults: [] };
  }
  const said = error.issues.map(({ path, input }) => {
    const wanted = path.length > 0 && path.length === kind.depth ? kind.each : kind;
    const guess = wanted.guess(input);
    return `${name}: ${shown(input)} is not ${wanted.what}${guess && `; did you mean ${guess}?`}`;
  });
  const few = [...new Set(said)];
  return { faults: few.length > 4 ? [...few.slice(0, 3), `${name}: ${few.length - 3} more are wrong in it`] : few };
}

module.exports = { mostCharacters, readSetting, table };
