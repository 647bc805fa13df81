import { covers, hostToAsk, type Leaf } from '../../../lib/certificates/certificate';
import { handshake, parseAddress, type Shown } from '../../../lib/entrance/handshake';
import type { Certificate } from '../../../lib/generation/generation';
import type { Stage } from '../stage';
import { type Check, fine, wrong } from './check';
import type { SeenProxy } from './proxies';

const dayMs = 86_400_000;

/** Certificate served on each address. */
export async function certificateChecks(
  proxies: readonly SeenProxy[],
  certificates: readonly Certificate[],
  { log, aws, stage }: Stage,
  now: number,
): Promise<readonly Check[]> {
  const renewing = `read the log group ${log('renew')}: it names what failed, and why`;
  if (certificates.length === 0)
    return [
      wrong(
        'certificates',
        'no certificate is stored yet',
        `one comes minutes after the first deploy; otherwise ${renewing}; after the correction start a run:` +
          ` ${aws(`lambda invoke --function-name sluice-${stage}-renew --invocation-type Event /dev/stdout`)}`,
      ),
    ];
  const checks = proxies.flatMap(({ slot, address }) =>
    certificates.map(async (certificate) => {
      const what = `certificate ${slot}`;
      const answer = await ask(address, certificate, certificates).catch((error: Error) => error);
      if (answer instanceof Error)
        return wrong(
          what,
          answer.message,
          'if other people reach the site, check your own network; otherwise see its proxy above',
        );
      return judged(what, address, certificate, answer, now, renewing);
    }),
  );
  return Promise.all(checks);
}

function ask(address: string, { names }: Certificate, all: readonly Certificate[]): Promise<Shown> {
  const others = all.filter((other) => other.names !== names).map((other) => other.names);
  return handshake({ ...parseAddress(address), servername: hostToAsk(names, others), timeoutMs: 5_000 });
}

function judged(
  what: string,
  address: string,
  { names, serial }: Certificate,
  { leaf, isWhole }: Shown,
  now: number,
  renewing: string,
) {
  const whole = names.join(', ');
  const isOurs = names.every((name) => leaf.names.some((served) => served === name || covers(served, name)));
  if (!isOurs)
    return wrong(
      what,
      `${address} serves another certificate than that of ${whole}`,
      'wait for the next tick, then see its sync above',
    );
  const days = Math.floor((leaf.notAfter - now) / dayMs);
  const says = `${address} serves ${whole} by ${issuer(leaf)}, ${days} days left`;
  if (leaf.serial !== serial)
    return wrong(what, `${says}; a newer one is stored`, 'wait for the next tick, then see its sync above');
  if (!isWhole) return wrong(what, `${says}, without the certificate of its issuer: only browsers trust it`, renewing);
  const left = (leaf.notAfter - now) / (leaf.notAfter - leaf.notBefore);
  return left < 0.25 ? wrong(what, says, renewing) : fine(what, says);
}

/** `C=US, O=Let's Encrypt, CN=R11` in short. */
const issuer = ({ issuer: words }: Leaf): string =>
  ['O', 'CN'].flatMap((name) => new RegExp(`(?:^|, )${name}=([^,]+)`).exec(words)?.[1] ?? []).join(' ') || words;
