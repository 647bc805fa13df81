import type { Processes } from '../../real/processes';
import type { FunctionProperties } from '../package/stack';
import { startDns } from './dns';
import { startPebble } from './pebble';
import { playRoute53 } from './route53';

/** How long Route 53 takes to bring a change to its name servers. Faster clock: AWS takes up to a minute (AWS: GetChange). */
const inSyncMs = 500;

type Deps = { readonly processes: Processes; readonly atEnd: (stop: () => Promise<void>) => void };

/**
 * Plays what certificates need around the stack: the hosted zones of its settings, and on demand real DNS and a real ACME server.
 *
 * @param addresses of the proxies, `host:port`; `undefined` for a world that orders no certificate
 */
export async function playIssuance(
  functions: readonly FunctionProperties[],
  addresses: readonly string[] | undefined,
  deps: Deps,
) {
  const route53 = playRoute53(inSyncMs);
  const settings = functions.map(({ Environment }) => Environment?.Variables ?? {});
  const { SLUICE_HOSTED_ZONE_ID: id, SLUICE_CERTIFICATES: names = '[]' } =
    settings.find(({ SLUICE_HOSTED_ZONE_ID }) => SLUICE_HOSTED_ZONE_ID) ?? {};
  const [[domain = 'sluice.test'] = []] = JSON.parse(names) as string[][];
  if (id !== undefined) route53.addZone(domain.replace(/^\*\./, ''), { id });
  const real = addresses && (await startIssuance(route53, addresses, deps));
  return { route53, ...real, environment: real?.environment ?? {} };
}

async function startIssuance(
  route53: ReturnType<typeof playRoute53>,
  addresses: readonly string[],
  { processes, atEnd }: Deps,
) {
  const dns = await startDns(route53);
  atEnd(dns.stop);
  const ca = await startPebble(dns.resolver, processes);
  atEnd(ca.stop);
  const front = await ca.front();
  atEnd(front.stop);
  /** Variables of the functions, in addition to the template's. */
  const environment = {
    SLUICE_ADDRESSES: addresses.join(','),
    SLUICE_ACME_DIRECTORY: front.directory,
    SLUICE_RESOLVER: dns.resolver,
    NODE_EXTRA_CA_CERTS: ca.authority,
  };
  return { dns, pebble: { ...front, root: ca.root }, environment };
}
