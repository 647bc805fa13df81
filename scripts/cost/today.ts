import type { Row } from './bill';
import type { Calls } from './calls';
import { controlPlane } from './control-plane';
import type { Deployment } from './deployment';

/** AWS's own month. */
export const hours = 730;

/** GB of gp3: resources/proxies.cjs; for the box, what Ubuntu's image comes with. */
export const systemGb = 8;
/** resources/cluster.yml. */
export const hostGb = 30;
/** An ALB stands in two zones, with an address in each (AWS: Application Load Balancers, subnets). */
export const albZones = 2;
/** What visitors send, as a share of what they get: ASSUMED. */
const sentShare = 0.1;
/** Proxy and task stand in different zones half of the time, and both directions are charged: ASSUMED, for two zones. */
const crossing = 0.5 * 2;

/** Everything that a month of each scenario uses. The database is left out: it is the same in all three. */
export function todayRows(deployment: Deployment, calls: Calls): readonly Row[] {
  const { proxies, proxyType, hosts, hostType, capacity, gbOut, dnsQueries } = deployment;
  const exchanged = gbOut * (1 + sentShare);
  const all = (quantity: number): Row['quantities'] => ({ 'single box': quantity, Sluice: quantity, ALB: quantity });
  const proxyAndHosts = proxies * systemGb + hosts * hostGb;
  return [
    row('the box, t2.micro', 'on-demand t2.micro', { 'single box': hours }),
    row(`proxies, ${proxies} ${proxyType}`, `on-demand ${proxyType}`, { Sluice: proxies * hours }),
    row('load balancer', 'ALB', { ALB: hours }),
    // One is a GB an hour; a connection that carries more than 12 KB costs nothing beside it (AWS: Elastic Load Balancing pricing).
    row('its LCUs', 'LCU', { ALB: exchanged }),
    row(`task hosts, ${hosts} ${hostType}, ${capacity}`, `${capacity} ${hostType}`, {
      Sluice: hosts * hours,
      ALB: hosts * hours,
    }),
    row('public IPv4 addresses', 'public IPv4', {
      'single box': hours,
      Sluice: (proxies + hosts) * hours,
      ALB: (albZones + hosts) * hours,
    }),
    row('volumes, gp3', 'volume', { 'single box': systemGb, Sluice: proxyAndHosts, ALB: hosts * hostGb }),
    row('hosted zone of the domain', 'hosted zone', all(1)),
    // For an alias of an ALB they are free (AWS: Route 53 pricing).
    row('DNS queries', 'DNS query', { 'single box': dnsQueries, Sluice: dnsQueries }),
    row('data out to the internet', 'data out', all(gbOut)),
    row('data between zones', 'data between zones', { Sluice: exchanged * crossing }),
    row('health checks of the proxies', 'health check', { Sluice: proxies }),
    ...controlPlane(deployment, calls, hours),
  ];
}

export const row = (what: string, item: string, quantities: Row['quantities']): Row => ({ what, item, quantities });
