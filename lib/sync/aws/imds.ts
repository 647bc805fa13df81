import { type Options, request } from './http';
import type { Credentials } from './signature';

/** What the instance knows of itself: its role's credentials and its region. */
export type Instance = { readonly credentials: Credentials; readonly region: string };

/** Reads one page of what the metadata service says of the instance. */
export type Metadata = (path: string) => Promise<string>;

/** Asks the instance metadata service (IMDSv2), with one token, good for a minute. */
export function metadata(endpoint: string, patienceMilliseconds: number): Metadata {
  const fetched = (path: string, method: string, headers: Record<string, string>) =>
    fetchPage(`${endpoint}/latest/${path}`, patienceMilliseconds, { method, headers });
  let token: Promise<string> | undefined;
  return async (path) => {
    token ??= fetched('api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' });
    return (await fetched(`meta-data/${path}`, 'GET', { 'x-aws-ec2-metadata-token': await token })).trim();
  };
}

/** @throws when it does not answer or the instance has no role; the message holds no credential. */
export async function instance(read: Metadata, region: string | undefined): Promise<Instance> {
  const role = await read('iam/security-credentials/');
  const found = secretJson<Record<string, string | undefined>>(
    await read(`iam/security-credentials/${role}`),
    `what the instance metadata service says of role ${role}`,
  );
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = found;
  if (!accessKeyId || !secretAccessKey || !sessionToken) {
    throw new Error(`the instance metadata service gave no credentials for role ${role}; does the role still exist?`);
  }
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    region: region ?? (await read('placement/region')),
  };
}

/** Reads JSON that may hold a secret: the parser's own error would quote it. */
export function secretJson<Shape>(text: string, what: string): Shape {
  try {
    return JSON.parse(text) as Shape;
  } catch {
    throw new Error(`${what} is no JSON; the next tick asks again`);
  }
}

async function fetchPage(url: string, patienceMilliseconds: number, options: Options): Promise<string> {
  const { status, body } = await request(url, patienceMilliseconds, options);
  if (status !== 200)
    throw new Error(`the instance metadata service answered ${status} to ${url}; has the instance a role?`);
  return body;
}
