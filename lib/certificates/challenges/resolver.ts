import { Resolver } from 'node:dns/promises';

export type Resolve = {
  /** In lower case; also a wildcard's. */
  readonly cname: (name: string) => Promise<string | undefined>;
  readonly isShown: (nameServers: readonly string[], name: string, values: readonly string[]) => Promise<boolean>;
};

/** These mean that there is no such record; every other code is a fault, and must not count as "none". */
const none = new Set(['ENODATA', 'ENOTFOUND']);

/** @param via a resolver, `address:port`, instead of the system's; the name servers are then asked at its port too */
export function resolver(via: string | undefined): Resolve {
  const system = resolverAt(via === undefined ? [] : [via]);
  const port = via?.replace(/^.*:/, '') ?? '53';

  return {
    cname: async (name) => (await answers(system.resolveCname(name), `the CNAME of ${name}`))[0]?.toLowerCase(),

    isShown: async (nameServers, name, values) => {
      for (const server of nameServers) {
        const addresses = await answers(system.resolve4(server), `the address of name server ${server}`);
        const direct = resolverAt(addresses.map((address) => `${address}:${port}`));
        const shown = await direct.resolveText(name).catch(() => []);
        const found = new Set(shown.map((parts) => parts.join('')));
        if (addresses.length === 0 || !values.every((value) => found.has(value))) return false;
      }
      return true;
    },
  };
}

function resolverAt(servers: readonly string[]) {
  const dns = new Resolver({ timeout: 2_000, tries: 3 });
  if (servers.length > 0) dns.setServers(servers);
  return {
    resolveCname: (name: string) => dns.resolveCname(name),
    resolve4: (name: string) => dns.resolve4(name),
    resolveText: (name: string) => dns.resolveTxt(name),
  };
}

const answers = (asked: Promise<readonly string[]>, what: string): Promise<readonly string[]> =>
  asked.catch((error: NodeJS.ErrnoException) => {
    if (none.has(error.code ?? '')) return [];
    throw new Error(`Asking DNS for ${what}: ${error.code}; nothing was issued, the next run tries again`, {
      cause: error,
    });
  });
