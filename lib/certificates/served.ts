import { provingHost } from './names';

export type Expected = { readonly name: string; readonly names: readonly string[]; readonly serial: string };

export type Proxies = {
  /** `host` or `host:port` of each proxy. */
  readonly addresses: readonly string[];
  /** The serial that an address shows for a host. */
  readonly ask: (address: string, host: string) => Promise<string>;
  /** Gives whether there is time for another look. */
  readonly again: () => Promise<boolean>;
};

/**
 * Waits until every proxy serves these serials: a certificate counts when it is served (law 13).
 * Gives what is still wrong when there is no time left, in words.
 *
 * @param all the names of every certificate, for a host that two answer for proves neither
 */
export async function untilServed(
  expected: readonly Expected[],
  all: readonly Expected[],
  world: Proxies,
): Promise<readonly string[]> {
  for (;;) {
    const looks = expected.flatMap((certificate) =>
      world.addresses.map((address) => look(certificate, all, address, world)),
    );
    const wrong = (await Promise.all(looks)).flatMap((fault) => fault ?? []);
    if (wrong.length === 0 || !(await world.again())) return wrong;
  }
}

async function look(
  { name, names, serial }: Expected,
  all: readonly Expected[],
  address: string,
  { ask }: Proxies,
): Promise<string | undefined> {
  const others = all.filter((other) => other.name !== name).map((other) => other.names);
  const host = provingHost(names, others);
  // Another certificate answers for each of its hosts too, and HAProxy may show that one.
  if (host === undefined) return undefined;
  const served = await ask(address, host).catch((error: Error) => error);
  if (served instanceof Error) return `${name} is stored, but ${served.message}`;
  if (served === serial) return undefined;
  return `${name} is stored with serial ${serial}, but ${address} serves ${served} for ${host}`;
}
