import { parseArgs } from 'node:util';

import { numberOf } from '../arguments';
import { type Deployment, defaults, hostsFor, type Scenario, scenarios } from './deployment';

export type Basis = 'today' | 'seed';
export type Options = {
  readonly deployment: Deployment;
  readonly basis: Basis;
  /** One scenario in all detail, instead of three side by side. */
  readonly scenario?: Scenario;
  readonly freeTier: boolean;
  readonly json: boolean;
  readonly measure: boolean;
};

export const usage = `npm run cost -- [options]

  --region eu-west-2       or us-east-1; other regions once their prices stand in scripts/cost/prices.json
  --proxies 1              instances of HAProxy, 1 to 3, each with an address
  --proxy-type t4g.nano    t4g.nano, t4g.micro, t4g.small or t4g.medium
  --tasks 3                what they serve
  --hosts N                instances that run the tasks; by default one for each 8 tasks
  --host-type t4g.small    or t4g.medium
  --capacity spot          or on-demand
  --changes 30             tasks replaced in a day: a deploy of three tasks is three
  --gb-out 50              GB that visitors get in a month
  --dns-queries 100000     in a month
  --advanced-parameters 0  certificates whose chain is beyond 4 KB

  --basis today            or seed: the bills of 2019 as the seed reckoned them; takes no other option but --json
  --scenario NAME          "single box", Sluice or ALB: line by line, with quantities and prices
  --no-free-tier           others in the account have used up whatever is free
  --json                   all of it, for programs
  --measure                count the calls again in the local world, and write scripts/cost/calls.json`;

type Numbers = 'tasks' | 'proxies' | 'hosts' | 'changes' | 'gb-out' | 'dns-queries' | 'advanced-parameters';

/** @throws when the arguments are not what `usage` says; the message names the fault. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      region: text,
      proxies: text,
      'proxy-type': text,
      tasks: text,
      hosts: text,
      'host-type': text,
      capacity: text,
      changes: text,
      'gb-out': text,
      'dns-queries': text,
      'advanced-parameters': text,
      basis: text,
      scenario: text,
      'no-free-tier': flag,
      json: flag,
      measure: flag,
    },
  });
  const number = (name: Numbers, fallback: number, least?: number) => numberOf(name, values[name], fallback, least);
  const tasks = number('tasks', defaults.tasks);
  const deployment: Deployment = {
    region: values.region ?? defaults.region,
    proxies: whole('proxies', number('proxies', defaults.proxies, 1), 3),
    proxyType: values['proxy-type'] ?? defaults.proxyType,
    hosts: whole('hosts', number('hosts', hostsFor(tasks))),
    hostType: values['host-type'] ?? defaults.hostType,
    capacity: oneOf('capacity', values.capacity ?? defaults.capacity, ['spot', 'on-demand']),
    tasks,
    changesADay: number('changes', defaults.changesADay),
    gbOut: number('gb-out', defaults.gbOut),
    dnsQueries: number('dns-queries', defaults.dnsQueries),
    advancedParameters: number('advanced-parameters', defaults.advancedParameters),
  };
  return {
    deployment,
    basis: oneOf('basis', values.basis ?? 'today', ['today', 'seed']),
    ...(values.scenario !== undefined && { scenario: oneOf('scenario', values.scenario, scenarios) }),
    freeTier: !values['no-free-tier'],
    json: values.json,
    measure: values.measure,
  };
}

function whole(name: string, value: number, most = Number.POSITIVE_INFINITY): number {
  if (Number.isInteger(value) && value <= most) return value;
  throw new Error(
    `--${name} ${value}: must be a whole number${most === Number.POSITIVE_INFINITY ? '' : `, ${most} at most`}`,
  );
}

function oneOf<Choice extends string>(name: string, given: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice.toLowerCase() === given.toLowerCase());
  if (found) return found;
  throw new Error(`--${name} ${given}: must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`);
}
