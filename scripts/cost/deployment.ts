/** What is to be paid for. Quantities are of one month. */
export type Deployment = {
  readonly region: string;
  readonly proxies: number;
  readonly proxyType: string;
  /** Hosts of the tasks, which cost the same behind a proxy and behind an ALB. */
  readonly hosts: number;
  readonly hostType: string;
  readonly capacity: 'spot' | 'on-demand';
  readonly tasks: number;
  /** Tasks that are replaced by others in a day: three for a deploy of three tasks. */
  readonly changesADay: number;
  readonly gbOut: number;
  readonly dnsQueries: number;
  /** Parameters beyond 4 KB: a chain of RSA certificates, say. */
  readonly advancedParameters: number;
};

export const scenarios = ['single box', 'Sluice', 'ALB'] as const;
export type Scenario = (typeof scenarios)[number];

export const defaults: Deployment = {
  region: 'eu-west-2',
  proxies: 1,
  proxyType: 't4g.nano',
  hosts: 1,
  hostType: 't4g.small',
  capacity: 'spot',
  tasks: 3,
  changesADay: 30,
  gbOut: 50,
  dnsQueries: 100_000,
  advancedParameters: 0,
};

/** Tasks of hello-world's size that a t4g.small holds, twice over while a deploy replaces them (resources/hello-world.yml). */
const tasksPerHost = 8;
export const hostsFor = (tasks: number): number => Math.max(1, Math.ceil(tasks / tasksPerHost));
