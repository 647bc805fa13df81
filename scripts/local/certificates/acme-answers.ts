/** An ACME error (RFC 8555, section 6.7); the type without its prefix, such as `rateLimited`. */
export type AcmeFault = {
  readonly type: string;
  readonly detail: string;
  readonly status?: number;
  readonly retryAfter?: string;
  /** The CA has done what was asked, and yet answers this. */
  readonly isDone?: boolean;
  /** Happens at the CA just before it answers so. */
  readonly meanwhile?: () => void;
};
export type Window = { readonly start: Date; readonly end: Date };

/** An answer, as it came or as it is made here. */
export type Told = { readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly body: Buffer };

/** The stand-in's answer to be kept for so long (RFC 9773, section 4.3). */
const retryAfterSeconds = 21_600;
const ninetyDaysMs = 90 * 86_400_000;

export function withRenewalInfo(told: Told, host: string): Told {
  const directory = { ...JSON.parse(told.body.toString()), renewalInfo: `https://${host}/renewal-info` };
  return { ...told, body: Buffer.from(JSON.stringify(directory)) };
}

/** Orders have a URL to finalize them (RFC 8555, section 7.1.3). */
export function invalidated(told: Told, { type, detail }: AcmeFault): Told {
  const text = told.body.toString();
  if (!text.includes('"finalize"')) return told;
  const error = { type: `urn:ietf:params:acme:error:${type}`, detail };
  return { ...told, body: Buffer.from(JSON.stringify({ ...JSON.parse(text), status: 'invalid', error })) };
}

/** Unless a test says otherwise: the last third of ninety days. */
export function window(
  { start, end }: Window = {
    start: new Date(Date.now() + ninetyDaysMs * 0.66),
    end: new Date(Date.now() + ninetyDaysMs * 0.7),
  },
): Told {
  const body = Buffer.from(JSON.stringify({ suggestedWindow: { start: start.toISOString(), end: end.toISOString() } }));
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'retry-after': String(retryAfterSeconds) },
    body,
  };
}

export function problem({ type, detail, status = 403, retryAfter }: AcmeFault, { headers }: Told): Told {
  const body = Buffer.from(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }));
  const more = { 'content-type': 'application/problem+json', 'replay-nonce': headers['replay-nonce'] };
  return { status, headers: { ...more, ...(retryAfter && { 'retry-after': retryAfter }) }, body };
}
