import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';

type Made = { readonly pem: string; readonly chain: string; readonly serial: string };

/** Makes certificates ahead, one for each host, so that no change waits for openssl. */
export function certificatesFor(hosts: readonly string[]) {
  const ready = new Map<string, Made>();
  const prepare = async (host: string): Promise<void> => void ready.set(host, await selfSigned(host));
  return {
    prepared: () => Promise.all(hosts.map(prepare)),
    /** `undefined` where the next is not ready. */
    take: (host: string): Made | undefined => {
      const made = ready.get(host);
      if (!ready.delete(host)) return undefined;
      void prepare(host);
      return made;
    },
  };
}

/** Key with leaf, as `renew` stores them. A chain that repeats a self-signed certificate is one that needs none. */
async function selfSigned(host: string): Promise<Made> {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${host} -addext subjectAltName=DNS:${host} -keyout - -out -`;
  const { stdout: pem } = await promisify(execFile)('openssl', words.split(' '));
  const chain = pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));
  return { pem, chain, serial: new X509Certificate(chain).serialNumber };
}
