import { type Dns, startDns } from '../../scripts/local/certificates/dns';
import { type PebbleOptions, startPebble } from '../../scripts/local/certificates/pebble';
import type { Route53 } from '../../scripts/local/certificates/route53';
import { processes as startProcesses } from '../../scripts/real/processes';
import { failingCa } from './failing-ca';

type Authority = Awaited<ReturnType<typeof startPebble>> & { readonly dns: Dns };

const started = new Map<string, { readonly authority: Promise<Authority>; route53: Route53 }>();
const processes = startProcesses();
afterAll(async () => {
  for (const { authority } of started.values())
    await authority.then(({ dns, stop }) => Promise.all([dns.stop(), stop()]));
  await processes.stop();
});

/** A CA that may fail. One Pebble serves a whole test file, as its start is dear, and one DNS server, with the newest zones. */
export async function sharedCa(route53: Route53, options: PebbleOptions) {
  const key = JSON.stringify(options);
  const known = started.get(key)?.authority;
  const authority = known ?? startAuthority(options, (name) => started.get(key)?.route53.shows(name));
  started.set(key, { authority, route53 });
  const { dns, front, ...ca } = await authority;
  dns.questions.splice(0);
  dns.lag(false);
  dns.hide(false);
  const own = await front();
  return { dns, pebble: { ...ca, ...own, ...failingCa(own) } };
}

async function startAuthority(options: PebbleOptions, shows: Route53['shows']): Promise<Authority> {
  const dns = await startDns({ shows });
  return { ...(await startPebble(dns.resolver, processes, options)), dns };
}
