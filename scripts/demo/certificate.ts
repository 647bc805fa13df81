import type { X509Certificate } from 'node:crypto';

import { renewalId } from '../../lib/certificates/due/ari';
import { readLeaf } from '../../lib/certificates/leaf';
import type { World } from '../local/world';
import { type Secure, shownBy } from './secure';
import type { Visit } from './visit';

/** One way of a certificate, from what woke renew until the proxy served it. */
export type Swap = {
  readonly serial: string;
  readonly servedAfterMs: number;
  /** Of HAProxy, by its master's own count, while renew was at work. */
  readonly reloads: number;
  readonly samePid: boolean;
};

/** What was measured; `reloads` are those of the renewal, `reloadsAtFirst` those of the certificate before it. */
export type Certified = {
  readonly issuer: string;
  readonly serials: readonly string[];
  /** How many visitors were shown each of these. */
  readonly requests: readonly number[];
  readonly servedSerial: string;
  readonly reloads: number;
  readonly reloadsAtFirst: number;
};

/** The stack's first certificate, as somebody sees it who may look everywhere. */
export type Certificate = {
  readonly secure: Secure;
  readonly names: readonly string[];
  /** What the proxy shows. @throws when that is not to be trusted. */
  readonly shown: () => Promise<X509Certificate>;
  /** The serial that is listed in Parameter Store. */
  readonly stored: () => string | undefined;
  /** What the CA was asked for so far; `replaces` names the certificate that an order follows (RFC 9773, section 5). */
  readonly orders: () => readonly { readonly replaces?: string }[];
  /** Why renew did what it did, run by run. */
  readonly reasons: () => readonly string[];
  /** The stack is complete, as at the end of `sls deploy`. */
  readonly deployed: () => void;
  /** The schedule that lies half a day apart, now. */
  readonly schedule: () => void;
  /** The CA wants it renewed: its window has been open for an hour (RFC 9773). */
  readonly openWindow: () => Promise<void>;
  /** Debian's Pebble knows no windows; then something before it answers for them. */
  readonly ari: 'own' | 'stand-in';
  readonly swaps: Swap[];
};

type Run = { readonly result?: unknown; readonly error?: string };
type Outcome = { readonly certificates?: readonly { readonly why: string }[] };

const hourMs = 3_600_000;

/** @throws when the world was started without certificates. */
export function certificateOf({ aws, proxy }: World): Certificate {
  const { pebble } = aws.issuance;
  const settings = aws.stack.functions.map(({ Environment }) => Environment?.Variables ?? {});
  const { SLUICE_CERTIFICATES = '[]', SLUICE_PREFIX = '' } = settings.find((each) => each.SLUICE_CERTIFICATES) ?? {};
  const [names = []] = JSON.parse(SLUICE_CERTIFICATES) as string[][];
  const [host] = names;
  if (pebble === undefined || host === undefined) throw new Error('the world has no CA, or the stack no certificate');
  const secure = { host, port: proxy.https.port, root: pebble.root };
  const shown = () => shownBy(secure);

  return {
    secure,
    names,
    shown,
    stored: () => {
      const index = aws.parameters.read(`${SLUICE_PREFIX}/certificates/index`) ?? '[]';
      return (JSON.parse(index) as { serial: string }[])[0]?.serial;
    },
    orders: () => pebble.payloads.flatMap(({ payload }) => ('identifiers' in payload ? [payload] : [])),
    reasons: () => aws.runs.map(reasonOf),
    deployed: () => aws.deployed('CREATE_COMPLETE'),
    schedule: aws.rareTick,
    ari: pebble.ari,
    openWindow: async () => {
      const now = await shown();
      const window = { start: new Date(Date.now() - 2 * hourMs), end: new Date(Date.now() - hourMs) };
      await pebble.setWindow(now.toString(), renewalId(now) ?? '', window);
    },
    swaps: [],
  };
}

const reasonOf = ({ result, error }: Run): string =>
  error ?? (result as Outcome | undefined)?.certificates?.map(({ why }) => why).join('; ') ?? 'nothing was said';

/** Asks the proxy once more, as a visitor. */
export async function certified({ shown, swaps }: Certificate, visits: readonly Visit[]): Promise<Certified> {
  const { serial, issuer } = readLeaf(await shown());
  return {
    issuer,
    serials: swaps.map((swap) => swap.serial),
    requests: swaps.map((swap) => visits.filter((visit) => visit.serial === swap.serial).length),
    servedSerial: serial,
    reloads: swaps.slice(1).reduce((sum, { reloads }) => sum + reloads, 0),
    reloadsAtFirst: swaps[0]?.reloads ?? 0,
  };
}
