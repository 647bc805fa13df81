import { parseArgs } from 'node:util';

import { numberOf } from '../arguments';

export const usage = `npm run cost -- [options]

  --region eu-west-2       or us-east-1; other regions once scripts/cost/prices.json has their prices
  --proxies 1              instances of HAProxy, 1 to 3, each with an address
  --proxy-type t4g.nano    t4g.nano, t4g.micro, t4g.small or t4g.medium
  --tasks 3                tasks that they serve
  --hosts N                instances that run the tasks; by default one for each 8 tasks
  --host-type t4g.small    or t4g.medium
  --capacity spot          or on-demand
  --changes 30             tasks replaced in a day: a deploy of three tasks is three
  --gb-out 50              GB that visitors download in a month
  --dns-queries 100000     in a month
  --advanced-parameters 0  certificates with a chain above 4 KB

  --basis today            or seed: the bills of 2019 as the seed computed them; takes no other option but --json
  --scenario NAME          "single box", Sluice or ALB: line by line, with quantities and prices
  --no-free-tier           others in the account use up AWS's free amounts
  --json                   print all figures as JSON
  --measure                count the calls again in the local world, and write scripts/cost/calls.json`;

export const scenarios = ['single box', 'Sluice', 'ALB'] as const;
export type Scenario = (typeof scenarios)[number];

export type Options = ReturnType<typeof readOptions>;
/** What is to be paid for; quantities are of one month. */
export type Deployment = Options['deployment'];

/** Tasks of hello-world's size that a t4g.small holds, twice over while a deploy replaces them (resources/hello-world.yml). */
const tasksPerHost = 8;

const text = (value: string) => ({ type: 'string', default: value }) as const;
const optional = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const options = {
  ...{ region: text('eu-west-2'), proxies: text('1'), 'proxy-type': text('t4g.nano'), tasks: text('3') },
  ...{ hosts: optional, 'host-type': text('t4g.small'), capacity: text('spot'), changes: text('30') },
  ...{ 'gb-out': text('50'), 'dns-queries': text('100000'), 'advanced-parameters': text('0') },
  ...{ basis: text('today'), scenario: optional, 'no-free-tier': flag, json: flag, measure: flag },
} as const;

/** @throws when the arguments are not what `usage` says; the message names the fault. */
export function readOptions(args: readonly string[]) {
  const { values } = parseArgs({ args: [...args], options });
  const number = (name: keyof typeof values, least?: number) => numberOf(name, `${values[name]}`, 0, least);
  const tasks = number('tasks');
  const hosts = values.hosts === undefined ? Math.max(1, Math.ceil(tasks / tasksPerHost)) : number('hosts');
  return {
    deployment: {
      region: values.region,
      proxies: whole('proxies', number('proxies', 1), 3),
      proxyType: values['proxy-type'],
      hosts: whole('hosts', hosts),
      hostType: values['host-type'],
      capacity: oneOf('capacity', values.capacity, ['spot', 'on-demand']),
      tasks,
      changesADay: number('changes'),
      gbOut: number('gb-out'),
      dnsQueries: number('dns-queries'),
      advancedParameters: number('advanced-parameters'),
    },
    basis: oneOf('basis', values.basis, ['today', 'seed']),
    scenario: values.scenario === undefined ? undefined : oneOf('scenario', values.scenario, scenarios),
    freeTier: !values['no-free-tier'],
    json: values.json,
    measure: values.measure,
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
