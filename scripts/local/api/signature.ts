import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';

import { SignatureV4 } from '@smithy/signature-v4';

import { refuse as refuseAs } from './errors';

export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
};

type Signed = {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
};

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=/;

/** The access key that a request claims to be signed with. */
export const claimedKey = ({ headers }: Signed): string | undefined => form.exec(String(headers.authorization))?.[1];

/**
 * Signs the request again with AWS's own implementation and compares (AWS: Signature Version 4 signing process).
 *
 * @throws AwsError as AWS answers: signed wrongly, by another session, or more than five minutes ago.
 */
export async function verifySignature(request: Signed, credentials: Credentials): Promise<void> {
  const { method, url, headers, body } = request;
  const [, , region = '', service = '', names = ''] = form.exec(String(headers.authorization)) ?? [];
  const date = String(headers['x-amz-date']);
  const signingDate = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - signingDate.getTime()) < 300_000)) refuse(`Signature expired or not yet valid: ${date}`);

  const signed = new Set(names.split(';'));
  const { pathname, searchParams } = new URL(url, 'http://local');
  const again = await new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false }).sign(
    {
      method,
      protocol: 'http:',
      hostname: String(headers.host),
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries([...signed].map((name) => [name, String(headers[name])])),
      body,
    },
    { signingDate, signableHeaders: signed },
  );
  const signature = (text: unknown) => /Signature=([0-9a-f]{64})/.exec(String(text))?.[1];
  if (signature(again.headers.authorization) !== signature(headers.authorization)) {
    refuse('The request signature we calculated does not match the signature you provided.');
  }
}

const refuse = (message: string): never => refuseAs('InvalidSignatureException', message);

/** SHA-256 in the form that the SDK's signer asks for. */
class Sha256 {
  private readonly hash: Hash | Hmac;

  constructor(secret?: unknown) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {}
}
