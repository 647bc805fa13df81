import { execFileSync } from 'node:child_process';

/** A self-signed certificate as `renew` would store it: key with leaf. */
export function selfSigned(...names: string[]): string {
  const alternatives = names.length > 0 ? ` -addext subjectAltName=${names.map((name) => `DNS:${name}`)}` : '';
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${names[0] ?? 'stand-in'}${alternatives} -keyout - -out -`;
  return execFileSync('openssl', words.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
