import type { Calls, Occasion } from './calls';
import type { Deployment, Scenario } from './options';

/** A thing on the bill, as prices.json names it, and how much of it a month of each scenario uses. */
export type Row = {
  readonly what: string;
  readonly item: string;
  readonly quantities: Partial<Readonly<Record<Scenario, number>>>;
};

/** AWS's own month. */
export const hours = 730;
/** GB of gp3: resources/proxies.cjs; for the box, what Ubuntu's image comes with. */
export const systemGb = 8;
/** resources/cluster.yml. */
export const hostGb = 30;
/** An ALB stands in two zones, with an address in each (AWS: Application Load Balancers, subnets). */
export const albZones = 2;
/** What visitors send, as a share of what they download: an assumption. */
const sentShare = 0.1;
/** Proxy and task stand in different zones half of the time, and both directions are charged: an assumption, for two zones. */
const crossing = 0.5 * 2;
/** resources/events.yml. */
export const ticksAnHour = 12;
/** `renew` looks twice a day, and orders when a third of 90 days is left: once in two months. */
export const looksADay = 2;
const renewalsAMonth = 0.5;
/** Lambda asks an idle queue with five long polls of 20 s side by side (AWS: Lambda, SQS event source mappings). */
const pollsAnHour = 5 * (3_600 / 20);
/** Two of a capacity provider with managed scaling (AWS: ECS cluster auto scaling); resources/alarms.yml: five of the stage, two a proxy. */
const scalingAlarms = 2;
export const ownAlarms = (proxies: number): number => 5 + 2 * proxies;
/** `Unanswered`, `LifeLeft` and `Faults`; each proxy has its `Synced`. */
const stageMetrics = 3;
/** serverless.yml: memorySize. */
export const functionGb = 0.5;
/** START, END and REPORT, which Lambda writes itself for each run; from general knowledge. */
const lambdaLogBytes = 400;
/** Of a run, of each further page of 100 tasks, of a look at what is due, of an order. Assumptions: no network is played here. */
const seconds = { run: 1, page: 0.2, look: 2, order: 240 };

/** What a month of each scenario uses, without the database, which is the same in all three. */
export function todayRows(deployment: Deployment, calls: Calls): readonly Row[] {
  const { proxies, proxyType, hosts, hostType, capacity, gbOut, dnsQueries, alb, albPercent, hasRecords } = deployment;
  const exchanged = gbOut * (1 + sentShare);
  const beside = alb ? 1 : 0;
  const volumes = { Sluice: proxies * systemGb + hosts * hostGb, ALB: hosts * hostGb };
  const addresses = { Sluice: (proxies + hosts + beside * albZones) * hours, ALB: (albZones + hosts) * hours };
  return [
    row('the box, t2.micro', 'on-demand t2.micro', { 'single box': hours }),
    row(`proxies, ${proxies} ${proxyType}`, `on-demand ${proxyType}`, { Sluice: proxies * hours }),
    row('load balancer', 'ALB', { Sluice: beside * hours, ALB: hours }),
    // One is a GB an hour; a connection that carries more than 12 KB costs nothing beside it (AWS: Elastic Load Balancing pricing).
    row('its LCUs', 'LCU', { Sluice: Math.round(exchanged * albPercent) / 100, ALB: exchanged }),
    row(`task hosts, ${hosts} ${hostType}, ${capacity}`, `${capacity} ${hostType}`, both(hosts * hours)),
    row('public IPv4 addresses', 'public IPv4', { 'single box': hours, ...addresses }),
    row('volumes, gp3', 'volume', { 'single box': systemGb, ...volumes }),
    row('hosted zone of the domain', 'hosted zone', { 'single box': 1, ...both(1) }),
    // For an alias of an ALB they are free (AWS: Route 53 pricing).
    row('DNS queries', 'DNS query', { 'single box': dnsQueries, Sluice: dnsQueries }),
    row('data out to the internet', 'data out', { 'single box': gbOut, ...both(gbOut) }),
    row('data between zones', 'data between zones', { Sluice: exchanged * crossing }),
    row('health checks of the proxies', 'health check', { Sluice: hasRecords ? proxies : 0 }),
    ...controlPlane(deployment, calls),
  ];
}

/** What keeps the proxies right: the calls counted in the local world for a tick and a replaced task, so many times a month. */
function controlPlane({ proxies, tasks, changesADay, advancedParameters }: Deployment, calls: Calls): readonly Row[] {
  const [ticks, changes, looks] = [ticksAnHour * hours, (changesADay * hours) / 24, (looksADay * hours) / 24];
  const inMonth = (of: (occasion: Occasion) => number): number =>
    ticks * of(calls.tick) + changes * of(calls.change) + renewalsAMonth * of(calls.renewal);
  const runs = inMonth((each) => each.runs);
  const runSeconds = seconds.run + seconds.page * Math.max(0, Math.ceil(tasks / 100) - 1);
  const busySeconds = runs * runSeconds + looks * seconds.look + renewalsAMonth * seconds.order;
  // Messages are sent one by one, and received and deleted as a batch (AWS: SQS pricing).
  const requests = pollsAnHour * hours + inMonth((each) => each.messages + 2 * each.runs);
  const secrets = inMonth((each) => each.secrets + proxies * each.proxySecrets);
  const reports = proxies * inMonth((each) => each.proxyCalls['cloudwatch:PutMetricData'] ?? 0);
  // A parameter is written once in a renewal, and read once by each proxy.
  const parameterCalls = advancedParameters * renewalsAMonth * (1 + proxies);
  const sluice = (what: string, item: string, quantity: number): Row => row(what, item, { Sluice: quantity });
  return [
    sluice('queue: idle polls and messages', 'FIFO request', requests),
    sluice('functions: requests', 'function request', runs + looks),
    sluice('functions: time', 'function time', busySeconds * functionGb),
    sluice('Scheduler', 'schedule', ticks + looks),
    sluice('logs', 'log', (inMonth((each) => each.logBytes) + runs * lambdaLogBytes) / 1e9),
    sluice('KMS, for private keys', 'KMS request', secrets),
    sluice('parameters beyond 4 KB', 'advanced parameter', advancedParameters),
    sluice('calls for them', 'advanced call', parameterCalls),
    sluice('metrics', 'metric', stageMetrics + proxies),
    sluice('calls that report them', 'metric call', reports),
    sluice('dashboard', 'dashboard', 1),
    row('alarms', 'alarm', { Sluice: ownAlarms(proxies) + scalingAlarms, ALB: scalingAlarms }),
  ];
}

/** The bills of 2019 as the seed computed them: 30 days, no volumes, no charge for addresses, and no LCUs. */
export const seedRows: readonly Row[] = [
  row('the box, t2.micro', 'on-demand t2.micro in 2019', { 'single box': 720 }),
  row('proxy, t3a.nano', 'on-demand t3a.nano in 2019', { Sluice: 720 }),
  row('load balancer', 'ALB in 2019', { ALB: 720 }),
  row('task host, t3a.micro, spot', 'spot t3a.micro in 2019', both(720)),
  row('Route 53 and Cloud Map', 'Route 53 and Cloud Map in 2019', { Sluice: 1 }),
];

function row(what: string, item: string, quantities: Row['quantities']): Row {
  return { what, item, quantities };
}

function both(quantity: number): Row['quantities'] {
  return { Sluice: quantity, ALB: quantity };
}
