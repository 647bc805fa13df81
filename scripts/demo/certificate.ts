import type { X509Certificate } from 'node:crypto';

import { readLeaf, renewalId } from '../../lib/certificates/certificate';
import type { World } from '../local/world';
import { type Secure, shownBy } from './secure';
import type { Visit } from './visit';

/** One certificate, from the start of renew until the proxy served it; `reloads` are HAProxy's in that time. */
export type Swap = Record<'servedAfterMs' | 'reloads', number> & { readonly serial: string; readonly samePid: boolean };

/** What was measured; `reloads` are the renewal's. */
export type Certified = {
  readonly issuer: string;
  readonly servedSerial: string;
  readonly serials: readonly string[];
  /** How many visitors were shown each of these. */
  readonly requests: readonly number[];
  readonly reloads: number;
};

export type Certificate = ReturnType<typeof certificateOf>;

type Run = { readonly result?: unknown; readonly error?: string };
type Outcome = { readonly certificates?: readonly { readonly why: string }[] };

const hourMs = 3_600_000;

/** The stack's first certificate: what each side knows of it. @throws when the world was started without certificates. */
export function certificateOf({ aws, proxy }: World) {
  const { pebble } = aws.issuance;
  const settings = aws.stack.functions.map(({ Environment }) => Environment?.Variables ?? {});
  const { SLUICE_CERTIFICATES = '[]', SLUICE_PREFIX = '' } = settings.find((each) => each.SLUICE_CERTIFICATES) ?? {};
  const [names = []] = JSON.parse(SLUICE_CERTIFICATES) as string[][];
  const [host] = names;
  if (pebble === undefined || host === undefined) throw new Error('the world has no CA, or the stack no certificate');
  const secure: Secure = { host, port: proxy.https.port, root: pebble.root };
  const shown = (): Promise<X509Certificate> => shownBy(secure);
  const swaps: Swap[] = [];
  return {
    secure,
    prefix: SLUICE_PREFIX,
    names,
    swaps,
    shown,
    /** The serial that is listed in Parameter Store. */
    stored: (): string | undefined => {
      const index = aws.parameters.read(`${SLUICE_PREFIX}/certificates/index`) ?? '[]';
      return (JSON.parse(index) as { serial: string }[])[0]?.serial;
    },
    /** `replaces` names the certificate that an order follows (RFC 9773, section 5). */
    orders: (): readonly { readonly replaces?: string }[] =>
      pebble.payloads.flatMap(({ payload }) => ('identifiers' in payload ? [payload] : [])),
    /** Why each run of renew did what it did. */
    reasons: (): readonly string[] => aws.runs.map(reasonOf),
    deployed: () => aws.deployed('CREATE_COMPLETE'),
    schedule: aws.rareTick,
    /** Has the stand-in before the CA ask for renewal: its window opened two hours ago (RFC 9773). */
    openWindow: async () => {
      const window = { start: new Date(Date.now() - 2 * hourMs), end: new Date(Date.now() - hourMs) };
      pebble.setWindow(renewalId(await shown()) ?? '', window);
    },
  };
}

const reasonOf = ({ result, error }: Run): string =>
  error ?? (result as Outcome | undefined)?.certificates?.map(({ why }) => why).join('; ') ?? 'renew gave no reason';

/** Asks the proxy once more, as a visitor, and counts. */
export async function certified({ shown, swaps }: Certificate, visits: readonly Visit[]): Promise<Certified> {
  const { serial, issuer } = readLeaf(await shown());
  return {
    issuer,
    serials: swaps.map((swap) => swap.serial),
    requests: swaps.map((swap) => visits.filter((visit) => visit.serial === swap.serial).length),
    servedSerial: serial,
    reloads: swaps.slice(1).reduce((sum, { reloads }) => sum + reloads, 0),
  };
}
