import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';

import { refuse as refuseAs } from './errors';

export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
};

type Headers = NodeJS.Dict<string | string[]>;
type Signed = { readonly method: string; readonly url: string; readonly headers: Headers; readonly body: string };

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})/;

/** The key and the service that a request claims to be signed with and for. */
export function claimOf({ authorization }: Headers) {
  const [, key, region = '', service = '', names = '', signature] = form.exec(String(authorization)) ?? [];
  return { key, region, service, names, signature };
}

/**
 * Signs the request again with AWS's own implementation and compares (AWS: Signature Version 4 signing process).
 *
 * @throws AwsError as AWS answers: signed wrongly, by another session, or more than five minutes ago.
 */
export async function verifySignature(request: Signed, credentials: Credentials): Promise<void> {
  const { method, url, headers, body } = request;
  const { region, service, names, signature } = claimOf(headers);
  const date = String(headers['x-amz-date']);
  const signingDate = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - signingDate.getTime()) < 300_000)) refuse(`Signature expired or not yet valid: ${date}`);

  const signed = new Set(names.split(';'));
  const { pathname, searchParams } = new URL(url, 'http://local');
  const sha256 = Hash.bind(undefined, 'sha256');
  const again = await new SignatureV4({ service, region, credentials, sha256, applyChecksum: false }).sign(
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
  if (signature === undefined || claimOf(again.headers).signature !== signature)
    refuse('The request signature we calculated does not match the signature you provided.');
}

const refuse = (message: string): never => refuseAs('InvalidSignatureException', message);
