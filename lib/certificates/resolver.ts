import { Resolver } from 'node:dns/promises';

export type Resolve = {
  /** Where a name's CNAMEs lead; the name itself where it has none. */
  readonly follow: (name: string) => Promise<string>;
  /** Whether every one of a zone's name servers, asked directly, shows all these values. */
  readonly isShown: (nameServers: readonly string[], name: string, values: readonly string[]) => Promise<boolean>;
};

/** Nobody answers, or there is none: a fault of the moment is told apart from the answer "none". */
const none = new Set(['ENODATA', 'ENOTFOUND']);
const mostCnames = 8;

/** @param via a resolver, `address:port`, instead of the system's; its port is that of all name servers then */
export function resolver(via: string | undefined): Resolve {
  const system = resolverAt(via === undefined ? [] : [via]);
  const port = via?.replace(/^.*:/, '') ?? '53';

  return {
    follow: async (name) => {
      let at = name;
      for (let hops = 0; hops < mostCnames; hops++) {
        const [next] = await answers(system.resolveCname(at), `the CNAME of ${at}`);
        if (next === undefined) return at;
        at = next.toLowerCase();
      }
      throw new Error(`the CNAMEs of ${name} lead on and on, now to ${at}; mend them`);
    },

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
    throw new Error(`Asking DNS for ${what}: ${error.code}; nothing was ordered, the next run tries again`, {
      cause: error,
    });
  });
