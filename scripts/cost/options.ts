import { numberOf } from '../arguments';

export const scenarios = ['single box', 'Sluice', 'ALB'] as const;
export type Scenario = (typeof scenarios)[number];

/** What can be varied. What the settings of a stage say stands first: an option outranks it. */
export const costOptions: readonly (readonly [flags: string, says: string, standard?: string])[] = [
  ['--proxies <number>', 'proxies, 1 to 3, each with an address; by default as in your settings'],
  ['--proxy-type <type>', 't4g.nano, t4g.micro, t4g.small or t4g.medium; by default as in your settings'],
  ['--host-type <type>', 'type of the task hosts, t4g.small or t4g.medium; by default as in your settings'],
  ['--capacity <kind>', 'spot or on-demand; by default as in your settings'],
  ['--tasks <number>', 'tasks that they serve', '3'],
  ['--hosts <number>', 'task hosts; by default one for each 8 tasks'],
  ['--changes <number>', 'tasks replaced in a day: a deploy of three tasks is three', '30'],
  ['--gb-out <number>', 'GB that visitors download in a month', '50'],
  ['--dns-queries <number>', 'in a month', '100000'],
  ['--advanced-parameters <number>', 'certificates with a chain above 4 KB', '0'],
  ['--scenario <name>', '"single box", Sluice or ALB: line by line, with quantities and prices'],
  ['--basis <basis>', 'today, or seed: the bills of 2019', 'today'],
  ['--no-free-tier', "others in the account use up AWS's free amounts"],
  ['--measure', 'count the calls again in the local world, and write scripts/cost/calls.json'],
];

/** What the settings of a stage decide. */
export type Settled = {
  readonly region: string;
  readonly proxies: number;
  readonly proxyType: string;
  readonly hostType: string;
  readonly capacity: string;
  /** Whether the stage has task hosts of its own. */
  readonly own: boolean;
  /** Whether a load balancer of the stage stands beside the proxies, and the percentage of visitors it gets. */
  readonly alb: boolean;
  readonly albPercent: number;
  /** Whether the stage has records that lead to its proxies. */
  readonly hasRecords: boolean;
};

export const standard: Settled = {
  ...{ region: 'eu-west-2', proxies: 1, proxyType: 't4g.nano', hostType: 't4g.small', capacity: 'spot' },
  ...{ own: true, alb: false, albPercent: 0, hasRecords: true },
};

export type Options = ReturnType<typeof readOptions>;
/** What is to be paid for; quantities are of one month. */
export type Deployment = Options['deployment'];

/** Tasks of hello-world's size that a t4g.small holds, twice over while a deploy replaces them (resources/hello-world.yml). */
const tasksPerHost = 8;

const defaults = new Map(costOptions.flatMap(([flags, , value]) => (value ? [[flags.split(' ')[0], value]] : [])));

/** @throws when an option is wrong; the message names it. @param given by their names in camel case */
export function readOptions(given: Readonly<Record<string, unknown>>, settled: Settled = standard) {
  const of = (name: string) => {
    const value =
      given[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())] ?? defaults.get(`--${name}`);
    return value === undefined ? undefined : `${value}`;
  };
  const number = (name: string, least?: number) => numberOf(name, of(name), 0, least);
  const tasks = number('tasks');
  const usual = settled.own ? Math.max(1, Math.ceil(tasks / tasksPerHost)) : 0;
  const scenario = of('scenario');
  return {
    deployment: {
      ...settled,
      region: of('region') ?? settled.region,
      proxies: whole('proxies', numberOf('proxies', of('proxies'), settled.proxies, 1), 3),
      proxyType: of('proxy-type') ?? settled.proxyType,
      hosts: whole('hosts', numberOf('hosts', of('hosts'), usual)),
      hostType: of('host-type') ?? settled.hostType,
      capacity: oneOf('capacity', of('capacity') ?? settled.capacity, ['spot', 'on-demand']),
      tasks,
      changesADay: number('changes'),
      gbOut: number('gb-out'),
      dnsQueries: number('dns-queries'),
      advancedParameters: number('advanced-parameters'),
    },
    basis: oneOf('basis', of('basis') ?? 'today', ['today', 'seed']),
    scenario: scenario === undefined ? undefined : oneOf('scenario', scenario, scenarios),
    freeTier: given.freeTier !== false,
  };
}

function whole(name: string, value: number, most = Number.POSITIVE_INFINITY): number {
  if (Number.isInteger(value) && value <= most) return value;
  const limit = most === Number.POSITIVE_INFINITY ? '' : `, ${most} at most`;
  throw new Error(`--${name} ${value}: must be a whole number${limit}`);
}

function oneOf<const Choice extends string>(name: string, given: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice.toLowerCase() === given.toLowerCase());
  if (found) return found;
  throw new Error(`--${name} ${given}: must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`);
}
