/** An ACME error (RFC 8555, section 6.7), such as {"type": "urn:ietf:params:acme:error:caa", "detail": "…"}. */
export type Problem = {
  readonly type?: string;
  readonly detail?: string;
  /** Of `userActionRequired`: where to read more (RFC 8555, section 7.3.3). */
  readonly instance?: string;
  readonly subproblems?: readonly (Problem & { readonly identifier?: { readonly value?: string } })[];
};

/** The CA said no, and what. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    message: string,
    /** The last word of the problem's type, such as `rateLimited`. */
    readonly kind: string,
    /** When the CA wants to hear from us again; epoch milliseconds, 0 where it did not say. */
    readonly retryAt: number,
  ) {
    super(message);
  }
}

const contact = 'change contact in the settings';
const keyType = 'change keyType or the names in the settings, or name another CA in acmeDirectory';

const advice: Readonly<Record<string, string>> = {
  rateLimited: 'nothing to do: it is tried again when the CA allows it',
  caa: 'add a CAA record that allows this CA, or take away the one that forbids it',
  dns: 'look whether the domain is delegated to the name servers of its hosted zone, and its DNSSEC is right',
  rejectedIdentifier: 'take the name out of the settings',
  malformed: 'compare the names and the profile in the settings with what this CA takes',
  unauthorized: 'look who else answers for the name in DNS, and whether the account still exists at the CA',
  userActionRequired: 'read what the CA asks for; it may have new terms',
  externalAccountRequired:
    'this CA binds each account to one that you have with it (external account binding), which Sluice cannot do; name another CA in acmeDirectory',
  invalidContact: contact,
  unsupportedContact: contact,
  unsupportedIdentifier: 'take the name out of the settings, or name another CA in acmeDirectory',
  invalidProfile: 'change acmeProfile in the settings',
  badCSR: keyType,
  badPublicKey: keyType,
};

/** @param what was being done, to which thing */
export function refusal(what: string, problem: Problem, retryAt = 0): Refusal {
  const kind = (problem.type ?? 'unknown').replace(/^.*:/, '');
  const told = [problem, ...(problem.subproblems ?? [])].map(sentence).filter((words) => words !== '');
  if (problem.instance) told.push(`see ${problem.instance}`);
  const next = advice[kind] ?? 'the next run tries again';
  return new Refusal(`${what}: the CA refused (${kind}): ${told.join('; ')}; ${next}`, kind, retryAt);
}

function sentence({ detail = '', ...problem }: Problem): string {
  const { identifier } = problem as { identifier?: { value?: string } };
  const words = detail.replace(/\s+/g, ' ').replace(/[.;\s]+$/, '');
  return identifier?.value ? `${identifier.value}: ${words}` : words;
}

/** A month: no certificate could be renewed by a CA that wants more, and no `Date` holds what a mistake may say. */
const mostWaitMs = 31 * 86_400_000;

/** `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3), as epoch milliseconds. */
export function retryAt(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  // `Date.parse` would take "1.5" for a day of 2001.
  const at = /^\d+$/.test(text)
    ? now + Number(text) * 1000
    : /^[A-Z][a-z]+,? /.test(text)
      ? Date.parse(text)
      : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(at, now + mostWaitMs);
}
