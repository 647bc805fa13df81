import { startDns } from '../../scripts/local/certificates/dns';
import type { Record53 } from '../../scripts/local/certificates/record-sets';
import type { Route53 } from '../../scripts/local/certificates/route53';

/** Of the zone in played-aws.ts. */
export const delegated: readonly Record53[] = [
  { Name: 'example.com', Type: 'NS', TTL: 60, Values: ['ns-1.example.awsdns.test.', 'ns-2.example.awsdns.test.'] },
];

/** DNS as the world sees it, for one test file: the zone is delegated to its name servers, and has no CAA record. */
export function playedDns() {
  let dns: Awaited<ReturnType<typeof startDns>>;
  const world = { records: delegated, resolver: () => dns.resolver };
  beforeAll(async () => {
    const shows = (name: string) => world.records.filter(({ Name }) => Name === name);
    dns = await startDns({ shows } as unknown as Route53);
  });
  beforeEach(() => {
    world.records = delegated;
    process.env.SLUICE_RESOLVER = dns.resolver;
  });
  afterAll(async () => {
    delete process.env.SLUICE_RESOLVER;
    await dns.stop();
  });
  return world;
}
