import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Makes certificates ahead, one for each host, so that no change waits for openssl. */
export function certificatesFor(hosts: readonly string[]) {
  const ready = new Map<string, string>();
  const prepare = async (host: string): Promise<void> => void ready.set(host, await selfSigned(host));
  return {
    prepared: () => Promise.all(hosts.map(prepare)),
    /** `undefined` where the next is not ready. */
    take: (host: string): string | undefined => {
      const made = ready.get(host);
      if (!ready.delete(host)) return undefined;
      void prepare(host);
      return made;
    },
  };
}

/** Key with leaf, as `renew` stores them. */
async function selfSigned(host: string): Promise<string> {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${host} -addext subjectAltName=DNS:${host} -keyout - -out -`;
  return (await promisify(execFile)('openssl', words.split(' '))).stdout;
}
