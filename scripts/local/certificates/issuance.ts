import type { FunctionProperties } from '../package/stack';
import type { Processes } from '../processes';
import { type Dns, startDns } from './dns';
import { type Pebble, startPebble } from './pebble';
import { playRoute53, type Route53 } from './route53';

/** How long Route 53 takes to bring a change to its name servers. Faster clock: AWS takes up to a minute (AWS: GetChange). */
const inSyncMs = 500;

export type Issuance = {
  readonly route53: Route53;
  /** Real DNS and a real CA, where the world was started with certificates. */
  readonly dns?: Dns;
  readonly pebble?: Pebble;
  /** Of the functions that speak with them, beside what the template says. */
  readonly environment: Readonly<Record<string, string>>;
};

type Deps = { readonly processes: Processes; readonly atEnd: (stop: () => Promise<void>) => void };

/**
 * What certificates need around the stack: the hosted zones of its settings, and on demand real DNS and a real ACME server.
 *
 * @param addresses of the proxies, `host:port`; `undefined` where nobody orders a certificate
 */
export async function playIssuance(
  functions: readonly FunctionProperties[],
  addresses: readonly string[] | undefined,
  { processes, atEnd }: Deps,
): Promise<Issuance> {
  const route53 = playRoute53(inSyncMs);
  const settings = functions.map(({ Environment }) => Environment?.Variables ?? {});
  const { SLUICE_HOSTED_ZONE_ID: id, SLUICE_CERTIFICATES: names = '[]' } =
    settings.find(({ SLUICE_HOSTED_ZONE_ID }) => SLUICE_HOSTED_ZONE_ID) ?? {};
  const [[domain = 'sluice.test'] = []] = JSON.parse(names) as string[][];
  if (id !== undefined) route53.addZone(domain.replace(/^\*\./, ''), { id });
  if (addresses === undefined) return { route53, environment: {} };

  const dns = await startDns(route53);
  atEnd(dns.stop);
  const pebble = await startPebble(dns.resolver, processes);
  atEnd(pebble.stop);
  const environment = {
    SLUICE_ADDRESSES: addresses.join(','),
    SLUICE_ACME_DIRECTORY: pebble.directory,
    SLUICE_RESOLVER: dns.resolver,
    NODE_EXTRA_CA_CERTS: pebble.authority,
  };
  return { route53, dns, pebble, environment };
}
